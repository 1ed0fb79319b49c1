/**
 * What it costs to record a tool call with nothing around it: `floor.ts <token> <database>`. The same rows in the same
 * tables with the same indexes, as durably as the service; no framework, no ORM, no log, no validation, no group commit.
 */
import { createServer } from 'node:http';
import Sqlite from 'better-sqlite3';
import { sqlTime } from '../../src/database/sql';
import { serve } from '../support/processes';

interface Call {
  message_id: number;
  call_id: string;
  tool_name: string;
  status: string;
  duration_ms: number;
  result: unknown;
}

const [token, file] = process.argv.slice(2) as [string, string];
const database = new Sqlite(file);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.pragma('foreign_keys = ON');
const message = database.prepare('SELECT session_id, turn_id FROM operator_message WHERE id = ?');
const insert = database.prepare(
  `INSERT INTO operator_tool_call (message_id, session_id, tool_name, status, duration_ms, result, error, created_at,
     finished_at, call_id) VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)`,
);

const touch = database.prepare('UPDATE operator_session SET updated_at = ? WHERE session_id = ?');
const lastSeq = database.prepare('SELECT MAX(seq) AS seq FROM operator_event WHERE session_id = ?');
const tell = database.prepare(
  `INSERT INTO operator_event (session_id, seq, type, data, created_at, tx)
   VALUES (?, ?, 'tool_call.reported', ?, ?, 0)`,
);

const record = database.transaction((call: Call, at: Date) => {
  const { session_id, turn_id } = message.get(call.message_id) as { session_id: string; turn_id: string | null };
  const { message_id, call_id, tool_name, status, duration_ms, result } = call;
  const time = sqlTime(at);
  const { lastInsertRowid } = insert.run(
    message_id,
    session_id,
    tool_name,
    status,
    duration_ms,
    JSON.stringify(result),
    time,
    time,
    call_id,
  );
  touch.run(time, session_id);
  const { seq } = lastSeq.get(session_id) as { seq: number | null };
  const event = {
    tool_call_id: Number(lastInsertRowid),
    message_id,
    turn_id,
    tool_name,
    status,
    duration_ms,
    error: null,
  };
  tell.run(session_id, (seq ?? 0) + 1, JSON.stringify(event), time);
  return { id: Number(lastInsertRowid), session_id, turn_id };
}).immediate;

serve(
  createServer((incoming, outgoing) => {
    const answer = (status: number, body: object) => {
      const text = JSON.stringify(body);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      outgoing.writeHead(status, headers).end(text);
    };
    if (incoming.headers['x-vx11-token'] !== token) return answer(401, { error: 'auth_required' });
    if (incoming.method !== 'POST' || incoming.url !== '/operator/tool/call')
      return answer(404, { error: 'not_found' });

    let body = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => (body += chunk));
    incoming.once('end', () => {
      const call = JSON.parse(body) as Call;
      const at = new Date();
      const created = at.toISOString();
      answer(201, { ...record(call, at), ...call, error: null, created_at: created, finished_at: created });
    });
  }),
);
