import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { JSON_TEXT } from '../../database/json-column';
import type { ApplyError } from './adjustment.types';

/** A change to the router's parameters: what it was, what it should become and why. */
@Entity('operator_switch_adjustment')
@Index(['sessionId', 'id'])
@Index(['messageId'])
@Index(['applied', 'id'])
@Index(['idempotencyKey'], { unique: true })
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

  @Column('text', { transformer: JSON_TEXT })
  beforeConfig: unknown;

  @Column('text', { transformer: JSON_TEXT })
  afterConfig: unknown;

  @Column('text', { nullable: true })
  reason: string | null;

  @Column('boolean', { default: false })
  applied: boolean;

  @Column()
  createdAt: Date;

  @Column({ type: Date, nullable: true })
  appliedAt: Date | null;

  /** Somebody is telling Switch, and until then the others leave it alone. */
  @Column({ type: Date, nullable: true })
  applyingUntil: Date | null;

  /** Why it could not be applied the last time. */
  @Column('simple-json', { nullable: true })
  applyError: ApplyError | null;

  /** A client's promise that requests with this key are one and the same. */
  @Column('varchar', { length: 255, nullable: true })
  idempotencyKey: string | null;

  /** SHA-256 of the request the key came with. */
  @Column('varchar', { length: 64, nullable: true })
  requestHash: string | null;
}
