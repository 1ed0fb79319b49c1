import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';

/** A change to the router's parameters: what it was, what it should become and why. */
@Entity('operator_switch_adjustment')
@Index(['sessionId', 'id'])
@Index(['messageId'])
export class OperatorSwitchAdjustment {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar', { length: 64 })
  sessionId: string;

  @ManyToOne('OperatorSession', { onDelete: 'CASCADE', nullable: false })
  @JoinColumn({ name: 'session_id', referencedColumnName: 'sessionId' })
  session?: unknown;

  @Column('int', { nullable: true })
  messageId: number | null;

  @ManyToOne('OperatorMessage', { onDelete: 'CASCADE', nullable: true })
  @JoinColumn({ name: 'message_id' })
  message?: unknown;

  @Column('simple-json')
  beforeConfig: unknown;

  @Column('simple-json')
  afterConfig: unknown;

  @Column('text', { nullable: true })
  reason: string | null;

  @Column('boolean', { default: false })
  applied: boolean;

  @Column()
  createdAt: Date;

  @Column({ type: Date, nullable: true })
  appliedAt: Date | null;
}
