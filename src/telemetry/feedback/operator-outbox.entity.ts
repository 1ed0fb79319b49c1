import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Something that an upstream is to be told, until it has heard it or it is too old to matter. */
@Entity('operator_outbox')
export class OperatorOutbox {
  @PrimaryGeneratedColumn()
  id: number;

  /** What it is about: `switch.feedback`. */
  @Column('varchar', { length: 50 })
  topic: string;

  @Column('simple-json')
  payload: unknown;

  @Column('int', { default: 0 })
  attempts: number;

  @Column('text', { nullable: true })
  lastError: string | null;

  @Column()
  nextAttemptAt: Date;

  @Column()
  createdAt: Date;
}
