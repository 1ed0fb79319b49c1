import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

/** Something that happened in a session, written in the transaction that made it so. `seq` has no gaps. */
@Entity('operator_event')
@Index(['sessionId', 'seq'], { unique: true })
@Index(['tx', 'id'])
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

  /**
   * PostgreSQL's number of the transaction: with it, what is committed has an order to which nothing is added in the
   * middle. 0 on SQLite, where ids are committed in their order.
   */
  @Column('bigint', { default: 0 })
  tx: string;

  @Column('varchar', { length: 50 })
  type: string;

  @Column('simple-json')
  data: Record<string, unknown>;

  @Column()
  createdAt: Date;
}
