import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { OperatorSession } from './operator-session.entity';
import type { MessageRole } from './session.types';

/** What somebody said. Rows are only ever appended; `id` orders them, since two clocks can tie. */
@Entity('operator_message')
@Index(['sessionId', 'id'])
@Index(['turnId'])
export class OperatorMessage {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar', { length: 64 })
  sessionId: string;

  @ManyToOne(() => OperatorSession, { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'session_id', referencedColumnName: 'sessionId' })
  session?: Relation<OperatorSession>;

  /** The turn it belongs to; null for messages that the original wrote. */
  @Column('varchar', { length: 36, nullable: true })
  turnId: string | null;

  @ManyToOne('OperatorTurn', { onDelete: 'CASCADE', nullable: true })
  @JoinColumn({ name: 'turn_id' })
  turn?: unknown;

  @Column('varchar', { length: 50 })
  role: MessageRole;

  @Column('text')
  content: string;

  @Column('simple-json', { name: 'message_metadata', nullable: true })
  metadata: Record<string, unknown> | null;

  @Column()
  createdAt: Date;
}
