import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { StreamTokens } from '../common/auth/stream-tokens';
import { sqlTime } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';

const VALID_MS = 60_000;

/**
 * Tokens for `EventSource` and `WebSocket` in browsers, which cannot send headers: each opens one stream, once, within a
 * minute, so that one found in a log of URLs is of no use. Kept by hash in the database, where every instance finds it.
 */
@Injectable()
export class StreamTokenService extends StreamTokens {
  constructor(private readonly unitOfWork: UnitOfWork) {
    super();
  }

  /** For the stream of a session, or with null for that of all sessions. */
  async issue(sessionId: string | null): Promise<{ token: string; expiresAt: Date }> {
    const token = randomBytes(24).toString('base64url');
    const now = new Date();
    const expiresAt = new Date(now.getTime() + VALID_MS);
    await this.unitOfWork.run(async () => {
      const { sql } = this.unitOfWork;
      await sql.run('DELETE FROM operator_stream_token WHERE expires_at < ?', [sqlTime(now)]);
      await sql.run('INSERT INTO operator_stream_token (hash, session_id, expires_at) VALUES (?, ?, ?)', [
        hashOf(token),
        sessionId,
        sqlTime(expiresAt),
      ]);
    });
    return { token, expiresAt };
  }

  /** Uses a token up. False: it is unknown, used, too old, or for another stream; then it is used up all the same. */
  async redeem(token: string, sessionId: string | null): Promise<boolean> {
    const row = await this.unitOfWork.run(() =>
      this.unitOfWork.sql.get<{ session_id: string | null; is_valid: number }>(
        `DELETE FROM operator_stream_token WHERE hash = ?
         RETURNING session_id, CASE WHEN expires_at > ? THEN 1 ELSE 0 END AS is_valid`,
        [hashOf(token), sqlTime(new Date())],
      ),
    );
    return row?.is_valid === 1 && row.session_id === sessionId;
  }
}

/** Tokens are random: their hashes cannot be guessed bit by bit, so looking them up tells nothing. */
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');
