import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import type { Idempotency } from '../../common/http/idempotency';
import { Reader } from '../../database/reader';
import { fromStoredJson, sqlTime } from '../../database/sql';
import { UnitOfWork } from '../../database/unit-of-work';
import { isFinished, statesBefore } from './browser-task-states';
import {
  BROWSER_TASK_STATUSES,
  type BrowserTaskCommand,
  type BrowserTaskFilter,
  type BrowserTaskStatus,
  type ClaimedTask,
  type Effects,
  type TaskRequest,
} from './browser-task.types';
import { OperatorBrowserTask } from './operator-browser-task.entity';
import type { Verdict } from './verdict';

export interface Lease {
  owner: string;
  expiresAt: Date;
}

/** What a visit has found, as the row keeps it. */
export interface Findings {
  title: string | null;
  finalUrl: string | null;
  text: string | null;
  result: unknown;
}

export interface AbandonedTask {
  id: number;
  sessionId: string;
  effects: Effects;
  attempt: number;
}

/** `'a', 'b'`: constants of the code, which need no parameter. */
const list = (states: readonly BrowserTaskStatus[]): string => states.map((state) => `'${state}'`).join(', ');
const BEFORE = Object.fromEntries(
  BROWSER_TASK_STATUSES.map((status) => [status, `status IN (${list(statesBefore(status))})`]),
) as Record<BrowserTaskStatus, string>;

@Injectable()
export class BrowserTaskRepository {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly reader: Reader,
  ) {}

  async insert(
    { url, toolCallId, request, effects, idempotency }: BrowserTaskCommand,
    sessionId: string,
    at: Date,
  ): Promise<number> {
    const row = await this.unitOfWork.sql.get<{ id: number }>(
      `INSERT INTO operator_browser_task
         (session_id, tool_call_id, url, status, request, effects, created_at, idempotency_key, request_hash)
       VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?) RETURNING id`,
      [
        sessionId,
        toolCallId,
        url,
        JSON.stringify(request),
        effects,
        sqlTime(at),
        idempotency?.key ?? null,
        idempotency?.requestHash ?? null,
      ],
    );
    return row!.id;
  }

  find(id: number): Promise<OperatorBrowserTask | null> {
    return this.reader.entities((entities) => entities.findOneBy(OperatorBrowserTask, { id }));
  }

  findByKey({ key }: Idempotency): Promise<OperatorBrowserTask | null> {
    return this.reader.entities((entities) => entities.findOneBy(OperatorBrowserTask, { idempotencyKey: key }));
  }

  /** Frees a key whose time is over for another request. */
  async releaseKey(key: string): Promise<void> {
    await this.unitOfWork.sql.run('UPDATE operator_browser_task SET idempotency_key = NULL WHERE idempotency_key = ?', [
      key,
    ]);
  }

  /** The newest first, older than `before`. */
  list(filter: BrowserTaskFilter, before: number | null, limit: number): Promise<OperatorBrowserTask[]> {
    const { sessionId, toolCallId, status } = filter;
    return this.reader.entities((entities) =>
      entities.find(OperatorBrowserTask, {
        where: {
          ...(sessionId !== undefined && { sessionId }),
          ...(toolCallId !== undefined && { toolCallId }),
          ...(status !== undefined && { status }),
          ...(before !== null && { id: LessThan(before) }),
        },
        // What a list does not show, and is large.
        select: LISTED,
        order: { id: 'DESC' },
        take: limit,
      }),
    );
  }

  /** The session of a tool call; undefined when there is no such call. */
  async sessionOfToolCall(toolCallId: number): Promise<string | undefined> {
    const row = await this.unitOfWork.sql.get<{ session_id: string }>(
      `SELECT m.session_id FROM operator_tool_call c JOIN operator_message m ON m.id = c.message_id WHERE c.id = ?`,
      [toolCallId],
    );
    return row?.session_id;
  }

  /** How many wait, as the transaction sees it; counted no further than `most`. */
  async waiting(most: number): Promise<number> {
    const row = await this.unitOfWork.sql.get<{ tasks: number | string }>(
      `SELECT COUNT(*) AS tasks FROM
         (SELECT 1 FROM operator_browser_task WHERE status = 'pending' AND request IS NOT NULL LIMIT ?) AS waiting`,
      [most],
    );
    return Number(row!.tasks);
  }

  /** How many wait. */
  async countWaiting(): Promise<number> {
    const row = await this.reader.sql((sql) =>
      sql.get<{ tasks: number | string }>(
        "SELECT COUNT(*) AS tasks FROM operator_browser_task WHERE status = 'pending' AND request IS NOT NULL",
      ),
    );
    return Number(row!.tasks);
  }

  /** The one that has waited longest, as the transaction sees it. */
  async next(after: number): Promise<{ id: number; sessionId: string } | undefined> {
    return this.unitOfWork.sql.get(
      `SELECT id, session_id AS "sessionId" FROM operator_browser_task
       WHERE status = 'pending' AND request IS NOT NULL AND id > ? ORDER BY id LIMIT 1`,
      [after],
    );
  }

  /** Makes a task that waits the caller's. Undefined: it does not wait any more. */
  async claim(id: number, { owner, expiresAt }: Lease, at: Date): Promise<ClaimedTask | undefined> {
    const row = await this.unitOfWork.sql.get<{
      id: number;
      session_id: string;
      url: string;
      effects: Effects;
      attempt: number;
      request: string;
    }>(
      `UPDATE operator_browser_task
       SET status = 'running', attempt = attempt + 1, lease_owner = ?, lease_expires_at = ?, executed_at = ?,
         error = NULL, error_code = NULL
       WHERE id = ? AND ${BEFORE.running} RETURNING id, session_id, url, effects, attempt, request`,
      [owner, sqlTime(expiresAt), sqlTime(at), id],
    );
    if (!row) return undefined;
    const { session_id: sessionId, url, effects, attempt } = row;
    return { id, sessionId, url, effects, attempt, request: fromStoredJson(row.request) as TaskRequest };
  }

  /** Ends an attempt, or gives it back. False: it is no longer the one that runs. */
  async settle(
    { id, attempt }: Attempt,
    { status, error }: Verdict,
    findings: Findings | null,
    at: Date,
  ): Promise<boolean> {
    const updated = await this.unitOfWork.sql.run(
      `UPDATE operator_browser_task
       SET status = ?, error = ?, error_code = ?, finished_at = ?, lease_owner = NULL, lease_expires_at = NULL
       WHERE id = ? AND attempt = ? AND status = 'running' AND ${BEFORE[status]}`,
      [status, error?.detail ?? null, error?.code ?? null, isFinished(status) ? sqlTime(at) : null, id, attempt],
    );
    if (updated > 0 && findings) await this.note({ id, attempt }, findings);
    return updated > 0;
  }

  /** Says what an attempt has found so far, whatever has become of it; a later attempt has its own. */
  async note({ id, attempt }: Attempt, { title, finalUrl, text, result }: Findings): Promise<void> {
    await this.unitOfWork.sql.run(
      'UPDATE operator_browser_task SET title = ?, final_url = ?, text = ?, result = ? WHERE id = ? AND attempt = ?',
      [title, finalUrl, text, JSON.stringify(result), id, attempt],
    );
  }

  /** The attempt that was cancelled; undefined when there was nothing to cancel. */
  async cancel(id: number, at: Date): Promise<{ attempt: number } | undefined> {
    return this.unitOfWork.sql.get<{ attempt: number }>(
      `UPDATE operator_browser_task
       SET status = 'cancelled', finished_at = ?, lease_owner = NULL, lease_expires_at = NULL
       WHERE id = ? AND ${BEFORE.cancelled} AND request IS NOT NULL RETURNING attempt`,
      [sqlTime(at), id],
    );
  }

  /** Answers the ids of those that are still the owner's. */
  async renewLeases({ owner, expiresAt }: Lease): Promise<number[]> {
    const rows = await this.unitOfWork.sql.all<{ id: number }>(
      `UPDATE operator_browser_task SET lease_expires_at = ? WHERE status = 'running' AND lease_owner = ? RETURNING id`,
      [sqlTime(expiresAt), owner],
    );
    return rows.map(({ id }) => id);
  }

  /** Tasks that somebody else runs, or ran; with `expiredBefore` only those whose lease is over. */
  async abandoned(owner: string, expiredBefore: Date | null): Promise<AbandonedTask[]> {
    return this.reader.sql((sql) =>
      sql.all(
        `SELECT id, session_id AS "sessionId", effects, attempt FROM operator_browser_task
         WHERE status = 'running' AND (lease_owner IS NULL OR lease_owner <> ?) AND (lease_expires_at IS NULL OR lease_expires_at < ?)
         ORDER BY id LIMIT 1000`,
        [owner, sqlTime(expiredBefore ?? FOREVER)],
      ),
    );
  }

  /** Those of a session that run, as the transaction sees it. */
  async runningIn(sessionId: string): Promise<number[]> {
    const rows = await this.unitOfWork.sql.all<{ id: number }>(
      "SELECT id FROM operator_browser_task WHERE session_id = ? AND status = 'running'",
      [sessionId],
    );
    return rows.map(({ id }) => id);
  }
}

type Attempt = Pick<ClaimedTask, 'id' | 'attempt'>;

const FOREVER = new Date('9999-12-31T00:00:00Z');

const LISTED = {
  id: true,
  sessionId: true,
  toolCallId: true,
  url: true,
  status: true,
  title: true,
  error: true,
  errorCode: true,
  effects: true,
  attempt: true,
  snapshotPath: true,
  createdAt: true,
  executedAt: true,
  finishedAt: true,
} as const;
