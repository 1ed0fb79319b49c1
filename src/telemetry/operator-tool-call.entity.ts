import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

export type ToolCallStatus = 'pending' | 'ok' | 'error';

/** A tool that was run for a message, and what came of it. */
@Entity('operator_tool_call')
@Index(['messageId'])
export class OperatorToolCall {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('int')
  messageId: number;

  @ManyToOne('OperatorMessage', 'toolCalls', { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'message_id' })
  message?: unknown;

  @Column('varchar', { length: 100 })
  toolName: string;

  @Column('varchar', { length: 50 })
  status: ToolCallStatus;

  @Column('int', { nullable: true })
  durationMs: number | null;

  @Column('simple-json', { nullable: true })
  result: unknown;

  @Column('text', { nullable: true })
  error: string | null;

  @Column()
  createdAt: Date;
}
