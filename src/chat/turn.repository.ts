import { Injectable } from '@nestjs/common';
import type { Idempotency } from '../common/http/idempotency';
import { Reader } from '../database/reader';
import { type Sql, fromStoredJson, sqlTime, toDate } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';
import type { EngineName, Fallback } from '../switch-gateway/switch-gateway.types';
import { OperatorTurn } from './operator-turn.entity';
import type { RunningTurn, SoFar, TurnRecord } from './turn.types';

export interface Lease {
  owner: string;
  expiresAt: Date;
}

export interface TurnOutcome {
  engine: string | null;
  fallbackFrom: Fallback[];
  latencyMs: number;
  tokens: number | null;
}

const COLUMNS = `id, session_id, status, attempt, lease_owner, lease_expires_at, request_hash, context_summary,
  provider_hint, engine, fallback_from, first_seq, served_by, tokens, latency_ms, created_at`;

@Injectable()
export class TurnRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  find(id: string): Promise<OperatorTurn | null> {
    return this.reader.entities((entities) => entities.findOneBy(OperatorTurn, { id }));
  }

  /** What is committed under a key. */
  findByKey(key: string): Promise<TurnRecord | null> {
    return this.reader.sql((sql) => one(sql, 'idempotency_key = ?', key));
  }

  /** The same inside the transaction, where nobody can get in between. */
  byKey(key: string): Promise<TurnRecord | null> {
    return one(this.unitOfWork.sql, 'idempotency_key = ?', key);
  }

  /** The same by its id. */
  byId(id: string): Promise<TurnRecord | null> {
    return one(this.unitOfWork.sql, 'id = ?', id);
  }

  /** The turn that a session is at: it runs, or waits for a person. */
  openIn(sessionId: string): Promise<TurnRecord | null> {
    return one(this.unitOfWork.sql, "session_id = ? AND status IN ('running', 'awaiting_approval')", sessionId);
  }

  /** Turns that somebody began and did not end, committed ones. */
  listRunning(): Promise<TurnRecord[]> {
    return this.reader.sql(async (sql) =>
      (await sql.all<Row>(`SELECT ${COLUMNS} FROM operator_turn WHERE status = 'running' ORDER BY created_at`)).map(
        toRecord,
      ),
    );
  }

  /** The session's next event is the turn's first. */
  async insert(
    turn: Pick<RunningTurn, 'id' | 'sessionId' | 'contextSummary' | 'providerHint'>,
    idempotency: Idempotency | null,
    lease: Lease,
    at: Date,
  ): Promise<void> {
    await this.unitOfWork.sql.run(
      `INSERT INTO operator_turn (id, session_id, status, attempt, lease_owner, lease_expires_at, idempotency_key,
         request_hash, context_summary, provider_hint, created_at, first_seq)
       VALUES (?, ?, 'running', 1, ?, ?, ?, ?, ?, ?, ?,
         (SELECT COALESCE(MAX(seq), 0) + 1 FROM operator_event WHERE session_id = ?))`,
      [
        turn.id,
        turn.sessionId,
        lease.owner,
        sqlTime(lease.expiresAt),
        idempotency?.key ?? null,
        idempotency?.requestHash ?? null,
        turn.contextSummary,
        turn.providerHint,
        sqlTime(at),
        turn.sessionId,
      ],
    );
  }

  /** Says where in the session's log the turn begins. */
  async beginsAt(id: string, seq: number): Promise<void> {
    await this.unitOfWork.sql.run('UPDATE operator_turn SET first_seq = ? WHERE id = ?', [seq, id]);
  }

  /** Begins another attempt, unless somebody else did since `attempt`. */
  async restart(id: string, attempt: number, lease: Lease): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_turn SET status = 'running', attempt = attempt + 1, lease_owner = ?, lease_expires_at = ?,
         error_code = NULL, error_detail = NULL, finished_at = NULL
       WHERE id = ? AND attempt = ? AND status IN ('running', 'failed')`,
      [lease.owner, sqlTime(lease.expiresAt), id, attempt],
    );
    return updated > 0;
  }

  /** False: this attempt is no longer the one that runs, and its outcome must not be stored. */
  async succeed({ id, attempt }: Attempt, outcome: TurnOutcome, at: Date): Promise<boolean> {
    const { engine, fallbackFrom, latencyMs, tokens } = outcome;
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_turn SET status = 'succeeded', engine = ?, fallback_from = ?, latency_ms = ?, tokens = ?,
         finished_at = ?, lease_owner = NULL, lease_expires_at = NULL
       WHERE id = ? AND attempt = ? AND status = 'running'`,
      [engine, asText(fallbackFrom), latencyMs, tokens, sqlTime(at), id, attempt],
    );
    return updated > 0;
  }

  /** False: this attempt is no longer the one that runs. */
  async fail(
    { id, attempt }: Attempt,
    error: { code: string; detail: string; latencyMs: number | null },
    at: Date,
  ): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_turn SET status = 'failed', error_code = ?, error_detail = ?, latency_ms = ?, finished_at = ?,
         lease_owner = NULL, lease_expires_at = NULL
       WHERE id = ? AND attempt = ? AND status IN ('running', 'awaiting_approval')`,
      [error.code, error.detail, error.latencyMs, sqlTime(at), id, attempt],
    );
    return updated > 0;
  }

  /** False: it has ended already. */
  async cancel({ id, attempt }: Attempt, at: Date): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_turn SET status = 'cancelled', finished_at = ?, lease_owner = NULL, lease_expires_at = NULL
       WHERE id = ? AND attempt = ? AND status IN ('running', 'awaiting_approval')`,
      [sqlTime(at), id, attempt],
    );
    return updated > 0;
  }

  /** Lets go of a turn that waits for a person. False: this attempt is no longer the one that runs. */
  async suspend({ id, attempt }: Attempt, { servedBy, fallbackFrom, tokens, latencyMs }: SoFar): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_turn SET status = 'awaiting_approval', lease_owner = NULL, lease_expires_at = NULL,
         served_by = ?, fallback_from = ?, tokens = ?, latency_ms = ?
       WHERE id = ? AND attempt = ? AND status = 'running'`,
      [servedBy, asText(fallbackFrom), tokens, latencyMs, id, attempt],
    );
    return updated > 0;
  }

  /** Takes up a turn that waited for a person. False: it waits no longer. */
  async resume({ id, attempt }: Attempt, lease: Lease): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_turn SET status = 'running', lease_owner = ?, lease_expires_at = ?
       WHERE id = ? AND attempt = ? AND status = 'awaiting_approval'`,
      [lease.owner, sqlTime(lease.expiresAt), id, attempt],
    );
    return updated > 0;
  }

  /** False: this attempt is no longer the one that runs. */
  async isRunning({ id, attempt }: Attempt): Promise<boolean> {
    const row = await this.unitOfWork.sql.get(
      "SELECT 1 AS one FROM operator_turn WHERE id = ? AND attempt = ? AND status = 'running'",
      [id, attempt],
    );
    return row !== undefined;
  }

  /** Frees a key whose time is over for another request. */
  async releaseKey(key: string): Promise<void> {
    await this.unitOfWork.sql.run('UPDATE operator_turn SET idempotency_key = NULL WHERE idempotency_key = ?', [key]);
  }

  async renewLeases({ owner, expiresAt }: Lease): Promise<void> {
    await this.unitOfWork.sql.run(
      "UPDATE operator_turn SET lease_expires_at = ? WHERE status = 'running' AND lease_owner = ?",
      [sqlTime(expiresAt), owner],
    );
  }
}

type Attempt = Pick<RunningTurn, 'id' | 'attempt'>;

interface Row {
  id: string;
  session_id: string;
  status: TurnRecord['status'];
  attempt: number;
  lease_owner: string | null;
  lease_expires_at: string | Date | null;
  request_hash: string | null;
  context_summary: string | null;
  provider_hint: string | null;
  engine: string | null;
  fallback_from: string | null;
  first_seq: number | null;
  served_by: EngineName | null;
  tokens: number | null;
  latency_ms: number | null;
  created_at: string | Date;
}

async function one(sql: Sql, where: string, value: string): Promise<TurnRecord | null> {
  const row = await sql.get<Row>(`SELECT ${COLUMNS} FROM operator_turn WHERE ${where}`, [value]);
  return row ? toRecord(row) : null;
}

/** Most turns fall back from nobody. */
const asText = (fallbackFrom: Fallback[]): string | null =>
  fallbackFrom.length > 0 ? JSON.stringify(fallbackFrom) : null;

const toRecord = (row: Row): TurnRecord => ({
  id: row.id,
  sessionId: row.session_id,
  status: row.status,
  attempt: row.attempt,
  leaseOwner: row.lease_owner,
  leaseExpiresAt: row.lease_expires_at === null ? null : toDate(row.lease_expires_at),
  requestHash: row.request_hash,
  contextSummary: row.context_summary,
  providerHint: row.provider_hint,
  engine: row.engine,
  fallbackFrom: (fromStoredJson(row.fallback_from) ?? []) as Fallback[],
  firstSeq: row.first_seq,
  servedBy: row.served_by,
  tokens: row.tokens,
  latencyMs: row.latency_ms,
  createdAt: toDate(row.created_at),
});
