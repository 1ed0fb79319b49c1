import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { sqlTime } from '../../src/database/sql';
import type { Goal } from '../chat/goals';
import { percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Workspace } from '../support/workspace';
import { EventStream } from './event-stream';
import { startOperator } from './operator';
import { nowUs } from './tokens';

const SESSION = 'long';
const REQUESTS = 100;
const WARM_UP = 5;
const FROM_THE_END = 10;
const TEXT = 'Since the migration it has one worker instead of four; the others wait for their credentials. '.repeat(2);

/** How soon a reader who comes back gets the first event that it has missed, in a session with a long log. */
export async function measureResume(workspace: Workspace, modelUrl: string, events: number): Promise<Goal[]> {
  const dataDir = workspace.folder('resume');
  // Makes the tables.
  await (await startOperator(dataDir, modelUrl)).stop();
  fill(join(dataDir, 'operator.db'), events);
  const service = await startOperator(dataDir, modelUrl);

  const places = [
    { name: 'the beginning', after: 0, delays: [] as number[] },
    { name: 'the middle', after: Math.floor(events / 2), delays: [] as number[] },
    { name: 'near the end', after: events - FROM_THE_END, delays: [] as number[] },
  ];
  for (let n = 0; n < WARM_UP + REQUESTS; n++) {
    for (const { after, delays } of places) {
      const delay = await firstEventMs(service.url, after);
      if (n >= WARM_UP) delays.push(delay);
    }
  }
  const perSecond = await replayPerSecond(service.url, events);
  await service.stop();

  process.stdout.write(
    `\n(d) A session of ${events} events: ms from the request to the first event that was missed\n${table([
      ['from', 'p50', 'p95', 'max'],
      ...places.map(({ name, delays }) => [
        name,
        ...[0.5, 0.95, 1].map((share) => percentile(delays, share).toFixed(2)),
      ]),
    ])}\nAll of them to one reader: ${perSecond.toFixed(0)} events/s.\n`,
  );
  return places.map(({ name, delays }) => ({
    name: `resumed from ${name}, p95, ms`,
    value: percentile(delays, 0.95),
    atMost: 50,
  }));
}

function fill(file: string, events: number): void {
  const database = new Sqlite(file);
  const at = sqlTime(new Date());
  database
    .prepare(
      `INSERT INTO operator_session (session_id, user_id, source, message_count, created_at, updated_at)
       VALUES (?, 'local', 'api', 0, ?, ?)`,
    )
    .run(SESSION, at, at);
  const insert = database.prepare(
    `INSERT INTO operator_event (session_id, seq, type, data, created_at, tx) VALUES (?, ?, 'message.delta', ?, ?, 0)`,
  );
  database.transaction(() => {
    for (let n = 0; n < events; n++) {
      const data = { turn_id: '00000000-0000-4000-8000-000000000000', attempt: 1, offset: n * TEXT.length, text: TEXT };
      insert.run(SESSION, n + 1, JSON.stringify(data), at);
    }
  })();
  database.close();
}

async function firstEventMs(url: string, after: number): Promise<number> {
  const askedAt = nowUs();
  const stream = await EventStream.open(url, `/operator/session/${SESSION}/events?after=${after}`);
  const first = await stream.until(({ seq }) => seq !== null);
  stream.close();
  if (first?.data.seq !== after + 1) throw new Error(`After ${after} came ${first?.data.seq}.`);
  await stream.ended;
  return (first.arrivedAt - askedAt) / 1_000;
}

async function replayPerSecond(url: string, events: number): Promise<number> {
  const askedAt = nowUs();
  const stream = await EventStream.open(url, `/operator/session/${SESSION}/events?after=0`);
  const last = await stream.untilTail(`id: ${events}\n`);
  stream.close();
  const replayed = stream.events().flatMap(({ data: { seq, data } }) => (seq === null ? [] : [{ seq, data }]));
  const wrong = replayed.findIndex(({ seq, data }, n) => seq !== n + 1 || data.text !== TEXT);
  if (wrong >= 0) throw new Error(`The replay is wrong at event ${wrong + 1}.`);
  if (replayed.length !== events) throw new Error(`The replay has ${replayed.length} events.`);
  return (events / (last - askedAt)) * 1_000_000;
}
