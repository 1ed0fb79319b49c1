import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Lets somebody who cannot send headers open one stream, once. The token itself is not kept. */
@Entity('operator_stream_token')
@Index(['expiresAt'])
export class OperatorStreamToken {
  /** SHA-256 in hex. */
  @PrimaryColumn('varchar', { length: 64 })
  hash: string;

  /** The session it may watch; null: all of them. */
  @Column('varchar', { length: 64, nullable: true })
  sessionId: string | null;

  @Column()
  expiresAt: Date;
}
