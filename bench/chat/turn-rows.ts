import type { Database, Statement } from 'better-sqlite3';
import { sqlTime } from '../../src/database/sql';

const HISTORY_MAX_MESSAGES = 40;
const LEASE_MS = 15_000;

export interface Question {
  turnId: string;
  sessionId: string;
  message: string;
}

export interface Reply {
  text: string;
  engine: string;
  tokens: number;
  latencyMs: number;
}

/** The rows that the service writes and reads for a turn, with as few prepared statements as that takes. */
export class TurnRows {
  private readonly touchSession: Statement;
  private readonly insertSession: Statement;
  private readonly insertTurn: Statement;
  private readonly insertMessage: Statement;
  private readonly lastSeq: Statement;
  private readonly insertEvent: Statement;
  private readonly insertTwoEvents: Statement;
  private readonly insertThreeEvents: Statement;
  private readonly closeTurn: Statement;
  private readonly history: Statement;

  constructor(database: Database) {
    this.touchSession = database.prepare(
      'UPDATE operator_session SET updated_at = ?, message_count = message_count + 1 WHERE session_id = ?',
    );
    this.insertSession = database.prepare(
      `INSERT INTO operator_session (session_id, user_id, source, message_count, created_at, updated_at)
       VALUES (?, 'local', 'api', 1, ?, ?)`,
    );
    this.insertTurn = database.prepare(
      `INSERT INTO operator_turn (id, session_id, status, attempt, lease_owner, lease_expires_at, first_seq, created_at)
       VALUES (?, ?, 'running', 1, 'floor', ?, ?, ?)`,
    );
    this.insertMessage = database.prepare(
      'INSERT INTO operator_message (session_id, turn_id, role, content, created_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.lastSeq = database.prepare('SELECT MAX(seq) FROM operator_event WHERE session_id = ?').pluck();
    const insertEvents = 'INSERT INTO operator_event (session_id, seq, type, data, created_at) VALUES (?, ?, ?, ?, ?)';
    this.insertEvent = database.prepare(insertEvents);
    this.insertTwoEvents = database.prepare(`${insertEvents}, (?, ?, ?, ?, ?)`);
    this.insertThreeEvents = database.prepare(`${insertEvents}, (?, ?, ?, ?, ?), (?, ?, ?, ?, ?)`);
    this.closeTurn = database.prepare(
      `UPDATE operator_turn SET status = 'succeeded', engine = ?, latency_ms = ?, tokens = ?, finished_at = ?,
         lease_owner = NULL, lease_expires_at = NULL
       WHERE id = ? AND status = 'running'`,
    );
    this.history = database.prepare(
      `SELECT role, content FROM operator_message WHERE session_id = ? AND id < ? ORDER BY id DESC
       LIMIT ${HISTORY_MAX_MESSAGES}`,
    );
  }

  /** The first transaction's rows. Returns the message's id. */
  open({ turnId, sessionId, message }: Question, now = new Date()): number {
    const at = sqlTime(now);
    const isNew = this.touchSession.run(at, sessionId).changes === 0;
    if (isNew) this.insertSession.run(sessionId, at, at);
    let seq = (this.lastSeq.get(sessionId) as number | null) ?? 0;
    this.insertTurn.run(turnId, sessionId, sqlTime(new Date(now.getTime() + LEASE_MS)), seq + 1, at);
    const messageId = Number(this.insertMessage.run(sessionId, turnId, 'user', message, at).lastInsertRowid);

    if (isNew) this.insertEvent.run(sessionId, ++seq, 'session.created', JSON.stringify({ user_id: 'local' }), at);
    const created = JSON.stringify({ message_id: messageId, turn_id: turnId, role: 'user' });
    const started = JSON.stringify({ turn_id: turnId, attempt: 1 });
    this.insertTwoEvents.run(
      sessionId,
      ++seq,
      'message.created',
      created,
      at,
      sessionId,
      ++seq,
      'turn.started',
      started,
      at,
    );
    return messageId;
  }

  /** The second transaction's rows. Returns the message's id. */
  close({ turnId, sessionId }: Question, { text, engine, tokens, latencyMs }: Reply, now = new Date()): number {
    const at = sqlTime(now);
    this.touchSession.run(at, sessionId);
    const messageId = Number(this.insertMessage.run(sessionId, turnId, 'assistant', text, at).lastInsertRowid);
    this.closeTurn.run(engine, latencyMs, tokens, at, turnId);

    let seq = this.lastSeq.get(sessionId) as number;
    const created = JSON.stringify({ message_id: messageId, turn_id: turnId, role: 'assistant' });
    const said = JSON.stringify({ turn_id: turnId, attempt: 1, offset: 0, text });
    const end = { turn_id: turnId, attempt: 1, engine, latency_ms: latencyMs, message_id: messageId };
    const succeeded = JSON.stringify(end);
    this.insertThreeEvents.run(
      sessionId,
      ++seq,
      'message.delta',
      said,
      at,
      sessionId,
      ++seq,
      'message.created',
      created,
      at,
      sessionId,
      ++seq,
      'turn.succeeded',
      succeeded,
      at,
    );
    return messageId;
  }

  /** What was said before, oldest first. */
  before(sessionId: string, messageId: number): { role: string; content: string }[] {
    return (this.history.all(sessionId, messageId) as { role: string; content: string }[]).reverse();
  }
}
