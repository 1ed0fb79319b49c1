import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

export type BrowserTaskStatus = 'pending' | 'running' | 'done' | 'error';

/** A page that was to be visited, and what was found there. */
@Entity('operator_browser_task')
@Index(['sessionId', 'id'])
@Index(['toolCallId'])
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

  @Column('varchar', { length: 255, nullable: true })
  snapshotPath: string | null;

  @Column('simple-json', { nullable: true })
  result: unknown;

  @Column('text', { nullable: true })
  error: string | null;

  @Column()
  createdAt: Date;

  @Column({ type: Date, nullable: true })
  executedAt: Date | null;
}
