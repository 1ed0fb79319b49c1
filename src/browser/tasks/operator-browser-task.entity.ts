import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { JSON_TEXT } from '../../database/json-column';
import type { BrowserTaskStatus, Effects } from './browser-task.types';

/**
 * A page that was to be visited, and what was found there. The row is the truth: a task that has one will be run, and
 * while it runs its lease says by whom.
 */
@Entity('operator_browser_task')
@Index(['sessionId', 'id'])
@Index(['toolCallId'])
@Index(['status', 'id'])
@Index(['idempotencyKey'], { unique: true })
export class OperatorBrowserTask {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar', { length: 64 })
  sessionId: string;

  @ManyToOne('OperatorSession', { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'session_id', referencedColumnName: 'sessionId' })
  session?: unknown;

  /** What asked for it; null when nothing but a client did. */
  @Column('int', { nullable: true })
  toolCallId: number | null;

  @ManyToOne('OperatorToolCall', { onDelete: 'SET NULL', nullable: true })
  @JoinColumn({ name: 'tool_call_id' })
  toolCall?: unknown;

  @Column('varchar', { length: 2048 })
  url: string;

  @Column('varchar', { length: 50 })
  status: BrowserTaskStatus;

  /** Where its picture is, below the data folder; null when there is none, or its time is over. */
  @Column('varchar', { length: 255, nullable: true })
  snapshotPath: string | null;

  /** A `TaskResult`; of tasks that the original ran, whatever it wrote. */
  @Column('text', { nullable: true, transformer: JSON_TEXT })
  result: unknown;

  /** Why it did not end well, for a person. */
  @Column('text', { nullable: true })
  error: string | null;

  @Column()
  createdAt: Date;

  /** When its last attempt began. */
  @Column({ type: Date, nullable: true })
  executedAt: Date | null;

  @Column({ type: Date, nullable: true })
  finishedAt: Date | null;

  /** The same for a program. */
  @Column('varchar', { length: 64, nullable: true })
  errorCode: string | null;

  @Column('text', { nullable: true })
  title: string | null;

  @Column('text', { nullable: true })
  finalUrl: string | null;

  /** The beginning of the page's text. */
  @Column('text', { nullable: true })
  text: string | null;

  /** A `TaskRequest`; null for tasks that the original took, which nobody runs any more. */
  @Column('text', { nullable: true, transformer: JSON_TEXT })
  request: unknown;

  /** Whether it may be run again after it was cut off. */
  @Column('varchar', { length: 8, default: 'read' })
  effects: Effects;

  /** How often it was begun. */
  @Column('int', { default: 0 })
  attempt: number;

  @Column('varchar', { length: 64, nullable: true })
  leaseOwner: string | null;

  @Column({ type: Date, nullable: true })
  leaseExpiresAt: Date | null;

  @Column('varchar', { length: 255, nullable: true })
  idempotencyKey: string | null;

  @Column('varchar', { length: 64, nullable: true })
  requestHash: string | null;
}
