import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { TurnStatus } from './turn.types';

/**
 * One question and its answer: `running → succeeded | failed | cancelled`. What the question was, and what it takes to
 * ask it again, is stored before anybody is asked.
 */
@Entity('operator_turn')
@Index(['sessionId'])
@Index('uq_operator_turn_running', ['sessionId'], { unique: true, where: "status = 'running'" })
@Index('idx_operator_turn_status', ['status'])
export class OperatorTurn {
  @PrimaryColumn('varchar', { length: 36 })
  id: string;

  @Column('varchar', { length: 64 })
  sessionId: string;

  @ManyToOne('OperatorSession', { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'session_id', referencedColumnName: 'sessionId' })
  session?: unknown;

  @Column('varchar', { length: 16 })
  status: TurnStatus;

  /** 1 at first; a turn that failed can be run again on the same user message. */
  @Column('int', { default: 1 })
  attempt: number;

  /** The process that runs it, and until when the others leave it alone. Null once it has ended. */
  @Column('varchar', { length: 64, nullable: true })
  leaseOwner: string | null;

  @Column({ type: Date, nullable: true })
  leaseExpiresAt: Date | null;

  /** A client's promise that requests with this key are one and the same. */
  @Column('varchar', { length: 255, nullable: true, unique: true })
  idempotencyKey: string | null;

  /** SHA-256 of the request the key came with. */
  @Column('varchar', { length: 64, nullable: true })
  requestHash: string | null;

  @Column('text', { nullable: true })
  contextSummary: string | null;

  @Column('varchar', { length: 64, nullable: true })
  providerHint: string | null;

  /** Who answered, in the upstream's own words. */
  @Column('varchar', { length: 128, nullable: true })
  engine: string | null;

  @Column('int', { nullable: true })
  latencyMs: number | null;

  @Column('int', { nullable: true })
  tokens: number | null;

  @Column('varchar', { length: 64, nullable: true })
  errorCode: string | null;

  @Column('text', { nullable: true })
  errorDetail: string | null;

  @Column()
  createdAt: Date;

  @Column({ type: Date, nullable: true })
  finishedAt: Date | null;
}
