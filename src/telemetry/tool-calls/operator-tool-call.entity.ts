import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { JSON_TEXT } from '../../database/json-column';
import type { ToolCallStatus } from './tool-call.types';

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
}
