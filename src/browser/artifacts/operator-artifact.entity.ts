import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import type { ArtifactKind } from './artifact.types';

/** Something that a browser task has kept: the bytes are in a file, the row says what they are and must hash to. */
@Entity('operator_artifact')
@Index(['taskId', 'id'])
@Index(['sha256'])
@Index(['fileName'])
@Index(['createdAt'])
export class OperatorArtifact {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('int')
  taskId: number;

  @ManyToOne('OperatorBrowserTask', { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'task_id' })
  task?: unknown;

  /** Which of the task's attempts made it. */
  @Column('int')
  attempt: number;

  /** Which of its steps, from 0; null for what is taken at the end. */
  @Column('int', { nullable: true })
  step: number | null;

  @Column('varchar', { length: 16 })
  kind: ArtifactKind;

  @Column('varchar', { length: 100 })
  contentType: string;

  @Column('int')
  bytes: number;

  @Column('varchar', { length: 64 })
  sha256: string;

  /** In the folder of artifacts. Leaves this process never. */
  @Column('varchar', { length: 64 })
  fileName: string;

  @Column()
  createdAt: Date;
}
