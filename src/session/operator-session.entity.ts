import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** A conversation. Clients address it by `sessionId`, a text of their choice or a UUID of ours. */
@Entity('operator_session')
@Index(['userId', 'id'])
export class OperatorSession {
  @PrimaryGeneratedColumn()
  id: number;

  @Column('varchar', { length: 64, unique: true })
  sessionId: string;

  @Column('varchar', { length: 64, default: 'local' })
  userId: string;

  @Column('varchar', { length: 50, default: 'api' })
  source: string;

  /** Kept here so that no list has to count. */
  @Column('int', { default: 0 })
  messageCount: number;

  @Column()
  createdAt: Date;

  @Column()
  updatedAt: Date;
}
