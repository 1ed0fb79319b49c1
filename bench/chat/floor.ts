/**
 * What a turn costs with nothing around it: `floor.ts <switch url> <token> [<database>]`.
 *
 * With a database it stores what the service stores, as durably; without one it only passes the question on. No
 * framework, no ORM, no log, no validation, no group commit.
 */
import { randomUUID } from 'node:crypto';
import { Agent, createServer, request } from 'node:http';
import Sqlite from 'better-sqlite3';
import { serve } from '../support/processes';
import { type Question, type Reply, TurnRows } from './turn-rows';

interface ChatMessage {
  role: string;
  content: string;
}

interface Storage {
  open(question: Question): { messageId: number; history: ChatMessage[] };
  close(question: Question, reply: Reply): number;
}

const [switchUrl, token, file] = process.argv.slice(2) as [string, string, string?];
const { hostname, port } = new URL(switchUrl);
const agent = new Agent({ keepAlive: true });
const storage: Storage = file ? durable(file) : { open: () => ({ messageId: 0, history: [] }), close: () => 0 };

serve(
  createServer((incoming, outgoing) => {
    const answer = (status: number, body: object) => {
      const text = JSON.stringify(body);
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
      outgoing.writeHead(status, headers).end(text);
    };
    if (incoming.headers['x-vx11-token'] !== token) return answer(401, { error: 'auth_required' });
    if (incoming.method !== 'POST' || incoming.url !== '/operator/chat') return answer(404, { error: 'not_found' });

    let body = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => (body += chunk));
    incoming.once('end', () => {
      turn(JSON.parse(body) as { session_id: string; message: string }).then(
        (result) => answer(200, result),
        (error: unknown) => answer(500, { error: String(error) }),
      );
    });
  }),
);

async function turn({ session_id: sessionId, message }: { session_id: string; message: string }): Promise<object> {
  const question: Question = { turnId: randomUUID(), sessionId, message };
  const { messageId, history } = storage.open(question);
  const startedAt = performance.now();
  const { content, engine_used, tokens_used } = await ask({
    messages: [...history, { role: 'user', content: message }],
    metadata: {
      task_type: 'chat',
      source: 'operator',
      session_id: sessionId,
      user_id: 'local',
      turn_id: question.turnId,
      message_id: messageId,
    },
  });
  const latencyMs = Math.round(performance.now() - startedAt);
  return {
    session_id: sessionId,
    response: content,
    tool_calls: [],
    message_id: storage.close(question, { text: content, engine: engine_used, tokens: tokens_used, latencyMs }),
    turn_id: question.turnId,
    engine: engine_used,
    latency_ms: latencyMs,
  };
}

function ask(prompt: object): Promise<{ content: string; engine_used: string; tokens_used: number }> {
  const body = JSON.stringify(prompt);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-vx11-token': token,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, hostname, port, method: 'POST', path: '/switch/chat', headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (text += chunk));
      incoming.once('error', reject);
      incoming.once('end', () => resolve(JSON.parse(text)));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** As durable as the service by default. The driver's own default in WAL is less. */
function durable(path: string): Storage {
  const database = new Sqlite(path);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  const rows = new TurnRows(database);
  return {
    open: database.transaction((question: Question) => {
      const messageId = rows.open(question);
      return { messageId, history: rows.before(question.sessionId, messageId) };
    }).immediate,
    close: database.transaction((question: Question, reply: Reply) => rows.close(question, reply)).immediate,
  };
}
