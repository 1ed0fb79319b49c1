import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

/** Something that happened in a session, written in the transaction that made it so. `seq` has no gaps. */
@Entity('operator_event')
@Index(['sessionId', 'seq'], { unique: true })
export class OperatorEvent {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar', { length: 64 })
  sessionId: string;

  @ManyToOne('OperatorSession', { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'session_id', referencedColumnName: 'sessionId' })
  session?: unknown;

  /** 1, 2, 3 … within the session. */
  @Column('int')
  seq: number;

  @Column('varchar', { length: 50 })
  type: string;

  @Column('simple-json')
  data: Record<string, unknown>;

  @Column()
  createdAt: Date;
}
