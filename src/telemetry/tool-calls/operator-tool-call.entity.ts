import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { JSON_TEXT } from '../../database/json-column';
import type { ToolApproval, ToolCallStatus } from './tool-call.types';

/**
 * A tool that was run for a message, and what came of it.
 *
 * Lists are read newest first, by `createdAt` and `id`, along an index for whatever narrows them most. Figures of a
 * tool are read from the two that lead with its name, without a look at the rows. Most calls are `ok`: the others have
 * indexes of their own, so that those cost next to nothing.
 */
@Entity('operator_tool_call')
@Index(['createdAt', 'id'])
@Index(['messageId', 'createdAt', 'id'])
@Index(['sessionId', 'createdAt', 'id'])
@Index(['toolName', 'createdAt', 'id', 'durationMs'])
@Index(['toolName', 'durationMs', 'id'])
@Index('idx_operator_tool_call_not_ok', ['status', 'createdAt', 'id'], { where: "status <> 'ok'" })
@Index('idx_operator_tool_call_not_ok_by_tool', ['toolName', 'status', 'createdAt', 'id'], {
  where: "status <> 'ok'",
})
@Index('idx_operator_tool_call_turn', ['turnId', 'step', 'id'], { where: 'turn_id IS NOT NULL' })
@Index('idx_operator_tool_call_approval', ['approvalExpiresAt'], { where: "approval = 'pending'" })
@Index('uq_operator_tool_call_call_id', ['messageId', 'callId'], { unique: true, where: 'call_id IS NOT NULL' })
export class OperatorToolCall {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('int')
  messageId: number;

  @ManyToOne('OperatorMessage', { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'message_id' })
  message?: unknown;

  @Column('varchar', { length: 100 })
  toolName: string;

  @Column('varchar', { length: 50 })
  status: ToolCallStatus;

  @Column('int', { nullable: true })
  durationMs: number | null;

  @Column('text', { nullable: true, transformer: JSON_TEXT })
  result: unknown;

  @Column('text', { nullable: true })
  error: string | null;

  @Column()
  createdAt: Date;

  /** What the client calls it: the same name on the same message is the same call. */
  @Column('varchar', { length: 128, nullable: true })
  callId: string | null;

  /** The message's own, repeated for its index: a session may have more messages than could be looked through. */
  @Column('varchar', { length: 64, nullable: true })
  sessionId: string | null;

  /** Null while it is pending, and for what the original recorded, which did not say. */
  @Column({ type: Date, nullable: true })
  finishedAt: Date | null;

  /** The turn that had it run; null for calls that others report. */
  @Column('varchar', { length: 36, nullable: true })
  turnId: string | null;

  /** 1 for the calls that the engine asked for first, 2 for those it asked for when it knew their results … */
  @Column('int', { nullable: true })
  step: number | null;

  /** As the engine wrote them. */
  @Column('text', { nullable: true })
  arguments: string | null;

  /** What the engine was told of it: of a large result the beginning, and where the rest is. */
  @Column('text', { nullable: true })
  told: string | null;

  /** Whose words it was told, a page's URL; null when they are Operator's own. */
  @Column('text', { nullable: true })
  source: string | null;

  /** Null when nobody had to agree to it. */
  @Column('varchar', { length: 16, nullable: true })
  approval: ToolApproval | null;

  @Column({ type: Date, nullable: true })
  approvalExpiresAt: Date | null;
}
