import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import { JSON_TEXT } from '../database/json-column';
import type { EngineName, Fallback } from '../switch-gateway/switch-gateway.types';
import type { TurnStatus } from './turn.types';

/**
 * One question and its answer: `running → succeeded | failed | cancelled`, with `awaiting_approval` on the way if a
 * person has to agree to a tool. What the question was, and what it takes to ask it again, is stored before anybody is
 * asked.
 */
@Entity('operator_turn')
@Index(['sessionId'])
@Index('uq_operator_turn_open', ['sessionId'], {
  unique: true,
  where: "status IN ('running', 'awaiting_approval')",
})
@Index('idx_operator_turn_status', ['status'])
export class OperatorTurn {
  @PrimaryColumn('varchar', { length: 36 })
  id: string;

  @Column('varchar', { length: 64 })
  sessionId: string;

  @ManyToOne('OperatorSession', { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'session_id', referencedColumnName: 'sessionId' })
  session?: unknown;

  @Column('varchar', { length: 32 })
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

  /** The engine that had begun to answer when the turn was let go of, to wait for a person. */
  @Column('varchar', { length: 16, nullable: true })
  servedBy: EngineName | null;

  /** Engines of the chain that were asked before and could not, with their errors. */
  @Column('text', { nullable: true, transformer: JSON_TEXT })
  fallbackFrom: Fallback[] | null;

  /** Its first event in the session's log; null for turns from before there was anything to watch. */
  @Column('int', { nullable: true })
  firstSeq: number | null;

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
