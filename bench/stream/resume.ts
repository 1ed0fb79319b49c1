import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Goal } from '../chat/goals';
import { sqlTime } from '../../src/database/sql';
import { sharedClock } from '../support/clock';
import { EventStream } from '../support/event-stream';
import type { Service } from '../support/service';
import { percentile } from '../support/statistics';
import { table } from '../support/table';

export interface ResumeOptions {
  events: number;
  resumes: number;
}

const SESSION = 'long';
const WARM_UP = 20;
/** A piece of an answer, as it is stored twice a second. */
const PIECE = 'Since the migration it has one worker instead of four; the other three wait for their credentials. ';
const PIECES = 6;
const PIECE_REPEATS = 3;

/** How long a reader who comes again waits for the first event that it has missed, in a session with a long past. */
export async function measureResume(
  start: (dataDir: string) => Promise<Service & { url: string }>,
  dataDir: string,
  { events, resumes }: ResumeOptions,
): Promise<Goal[]> {
  await (await start(dataDir)).stop();
  fill(join(dataDir, 'operator.db'), events);
  const service = await start(dataDir);

  const places = { start: 0, middle: events / 2, end: events - 5 };
  const waits: Record<string, number[]> = { start: [], middle: [], end: [] };
  for (let index = 0; index < WARM_UP + resumes; index++) {
    for (const [place, after] of Object.entries(places)) {
      const wait = await firstAfter(service.url, after);
      if (index >= WARM_UP) waits[place]!.push(wait);
    }
  }
  const allMs = await readAll(service.url, events);
  await service.stop();

  const rows = Object.entries(waits).map(([place, durations]) => [
    place,
    ...[0.5, 0.95, 1].map((share) => percentile(durations, share).toFixed(2)),
  ]);
  const title = `resumed in a session of ${events.toLocaleString('en')} events`;
  process.stdout.write(`\n${title}\n${table([['near the', 'p50 ms', 'p95 ms', 'max ms'], ...rows])}\n`);
  process.stdout.write(`all of them in ${(allMs / 1_000).toFixed(2)} s\n`);
  return Object.entries(waits).map(([place, durations]) => ({
    name: `first event after a ${title.slice(0, 6)} near the ${place}, p95, ms`,
    value: percentile(durations, 0.95),
    atMost: 50,
  }));
}

async function firstAfter(url: string, after: number): Promise<number> {
  const startedAt = sharedClock();
  return new Promise((resolve, reject) => {
    const stream = new EventStream(url, { path: pathAfter(after) }, ({ type, data }, at) => {
      if (type === 'heartbeat') return;
      stream.close();
      const { seq } = JSON.parse(data) as { seq: number };
      if (seq === after + 1) resolve(at - startedAt);
      else reject(new Error(`After ${after} came ${seq}.`));
    });
    void stream.ended.then(({ status, body }) => reject(new Error(`The stream ended: ${status} ${body}`)));
  });
}

/** Every one of them, each once. */
async function readAll(url: string, events: number): Promise<number> {
  const startedAt = sharedClock();
  let last = 0;
  return new Promise((resolve, reject) => {
    const stream = new EventStream(url, { path: pathAfter(0) }, ({ id, type }, at) => {
      if (type === 'heartbeat') return;
      if (Number(id) !== ++last) reject(new Error(`${id} came where ${last} was due.`));
      if (last < events) return;
      stream.close();
      resolve(at - startedAt);
    });
    void stream.ended.then(() => reject(new Error(`The stream ended after ${last} events.`)));
  });
}

const pathAfter = (after: number): string => `/operator/session/${SESSION}/events?after=${after}`;

/** Turns as the service would have written them, straight into its file, ten events each. */
function fill(file: string, events: number): void {
  const database = new Sqlite(file);
  const at = sqlTime(new Date());
  const insertEvent = database.prepare(
    'INSERT INTO operator_event (session_id, seq, type, data, created_at) VALUES (?, ?, ?, ?, ?)',
  );
  let seq = 0;
  const append = (type: string, data: object) => insertEvent.run(SESSION, ++seq, type, JSON.stringify(data), at);
  database.transaction(() => {
    database
      .prepare(
        `INSERT INTO operator_session (session_id, user_id, source, message_count, created_at, updated_at)
         VALUES (?, 'local', 'api', 0, ?, ?)`,
      )
      .run(SESSION, at, at);
    const text = PIECE.repeat(PIECE_REPEATS);
    for (let message = 1; seq < events; message += 2) {
      const turn_id = randomUUID();
      append('message.created', { message_id: message, turn_id, role: 'user' });
      append('turn.started', { turn_id, attempt: 1 });
      for (let piece = 0; piece < PIECES; piece++) {
        append('message.delta', { turn_id, attempt: 1, offset: piece * text.length, text });
      }
      append('message.created', { message_id: message + 1, turn_id, role: 'assistant' });
      const end = { turn_id, attempt: 1, engine: 'general-7b', latency_ms: 3_000, message_id: message + 1 };
      append('turn.succeeded', end);
    }
  })();
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}
