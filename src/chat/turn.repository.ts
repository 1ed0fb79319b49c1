import { Injectable } from '@nestjs/common';
import type { Idempotency } from '../common/http/idempotency';
import { Reader } from '../database/reader';
import { type Sql, sqlTime, toDate } from '../database/sql';
import { UnitOfWork } from '../database/unit-of-work';
import { OperatorTurn } from './operator-turn.entity';
import type { RunningTurn, TurnRecord } from './turn.types';

export interface Lease {
  owner: string;
  expiresAt: Date;
}

export interface TurnOutcome {
  engine: string | null;
  latencyMs: number;
  tokens: number | null;
}

const COLUMNS = `id, session_id, status, attempt, lease_owner, lease_expires_at, request_hash, context_summary,
  provider_hint, engine, latency_ms, created_at`;

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

  runningIn(sessionId: string): Promise<TurnRecord | null> {
    return one(this.unitOfWork.sql, "session_id = ? AND status = 'running'", sessionId);
  }

  /** Turns that somebody began and did not end, committed ones. */
  listRunning(): Promise<TurnRecord[]> {
    return this.reader.sql(async (sql) =>
      (await sql.all<Row>(`SELECT ${COLUMNS} FROM operator_turn WHERE status = 'running' ORDER BY created_at`)).map(
        toRecord,
      ),
    );
  }

  async insert(
    turn: Pick<RunningTurn, 'id' | 'sessionId' | 'contextSummary' | 'providerHint'>,
    idempotency: Idempotency | null,
    lease: Lease,
    at: Date,
  ): Promise<void> {
    await this.unitOfWork.sql.run(
      `INSERT INTO operator_turn (id, session_id, status, attempt, lease_owner, lease_expires_at, idempotency_key,
         request_hash, context_summary, provider_hint, created_at)
       VALUES (?, ?, 'running', 1, ?, ?, ?, ?, ?, ?, ?)`,
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
      ],
    );
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
  async succeed({ id, attempt }: Attempt, { engine, latencyMs, tokens }: TurnOutcome, at: Date): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_turn SET status = 'succeeded', engine = ?, latency_ms = ?, tokens = ?, finished_at = ?,
         lease_owner = NULL, lease_expires_at = NULL
       WHERE id = ? AND attempt = ? AND status = 'running'`,
      [engine, latencyMs, tokens, sqlTime(at), id, attempt],
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
       WHERE id = ? AND attempt = ? AND status = 'running'`,
      [error.code, error.detail, error.latencyMs, sqlTime(at), id, attempt],
    );
    return updated > 0;
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
  latency_ms: number | null;
  created_at: string | Date;
}

async function one(sql: Sql, where: string, value: string): Promise<TurnRecord | null> {
  const row = await sql.get<Row>(`SELECT ${COLUMNS} FROM operator_turn WHERE ${where}`, [value]);
  return row ? toRecord(row) : null;
}

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
  latencyMs: row.latency_ms,
  createdAt: toDate(row.created_at),
});
