import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { sqlTime } from '../../src/database/sql';
import type { Goal } from '../chat/goals';
import { Client, expectOk } from '../support/client';
import { usageOf } from '../support/process-usage';
import { percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Workspace } from '../support/workspace';
import type { EventStream } from './event-stream';
import { RSS_GOAL_MB, openAll } from './fan-out';
import { sentAnswer, startOperator } from './operator';
import { delayMs } from './tokens';

const PER_SECOND = 50;
/** Turns that each writer has answered, each in another session. */
const TURNS = 3;

interface Size {
  watchers: number;
  watched: number;
  writers: number;
}

/** When a token reaches its one watcher while many others watch sessions of their own. */
export async function measureManySessions(workspace: Workspace, modelUrl: string, size: Size): Promise<Goal[]> {
  const { watchers, watched, writers } = size;
  const dataDir = workspace.folder('many-sessions');
  // Makes the tables.
  await (await startOperator(dataDir, modelUrl)).stop();
  const sessions = Array.from({ length: watchers }, (_, n) => `watched-${n}`);
  fill(join(dataDir, 'operator.db'), sessions);
  const service = await startOperator(dataDir, modelUrl);
  const model = new Client(modelUrl);
  const client = new Client(service.url);
  const streams = await openAll(
    service.url,
    sessions.map((session) => `/operator/session/${session}/events`),
  );

  const before = usageOf(service.pid);
  const answered = await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      const heard: { delays: number[] }[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        const n = (turn * writers + writer) % watchers;
        heard.push({ delays: await delaysOf(client, model, sessions[n]!, streams[n]!, watched) });
      }
      return heard;
    }),
  );
  const after = usageOf(service.pid);
  for (const stream of streams) stream.close();
  await service.stop();
  for (const each of [client, model]) each.close();

  const delays = answered.flat().flatMap((one) => one.delays);
  const shares = [0.5, 0.95, 1].map((share) => percentile(delays, share).toFixed(2));
  const cpuUs = (((after.cpuMs - before.cpuMs) * 1_000) / delays.length).toFixed(0);
  process.stdout.write(
    `\n(c) ${watchers} watchers, each of a session of their own, ${writers} of which are answered at a time, ` +
      `${PER_SECOND} tokens a second: ms from the model's sending to its watcher\n${table([
        ['server', 'p50', 'p95', 'max', 'CPU µs a token', 'RSS MB'],
        ['operator', ...shares, cpuUs, after.rssMb.toFixed(0)],
      ])}\n`,
  );
  return [
    {
      name: `a token’s delay to its one of ${watchers} watchers, p95, ms`,
      value: percentile(delays, 0.95),
      atMost: 50,
    },
    { name: `RSS with ${watchers} sessions watched, MB`, value: after.rssMb, atMost: RSS_GOAL_MB },
  ];
}

/** A whole turn, as its watcher has got it. */
async function delaysOf(
  client: Client,
  model: Client,
  session: string,
  stream: EventStream,
  tokens: number,
): Promise<number[]> {
  const body = JSON.stringify({ session_id: session, message: `${session} ${tokens} ${PER_SECOND}` });
  const { turn_id: turnId } = expectOk<{ turn_id: string }>(await client.post('/operator/chat', body));
  const end = await stream.until(({ type, data }) => type === 'turn.succeeded' && data.turn_id === turnId);
  if (!end) throw new Error(`The stream of ${session} ended before its turn.`);
  const transcript = stream.transcript(session, turnId);
  transcript.assertSame((await sentAnswer(model, session)).text, 'what was sent');
  if (transcript.arrivals.length !== tokens) throw new Error(`${transcript.arrivals.length} tokens arrived.`);
  return transcript.arrivals.map(delayMs);
}

/** Sessions in which nothing has been said yet. */
function fill(file: string, sessions: string[]): void {
  const database = new Sqlite(file);
  const at = sqlTime(new Date());
  const insert = database.prepare(
    `INSERT INTO operator_session (session_id, user_id, source, message_count, created_at, updated_at)
     VALUES (?, 'local', 'api', 0, ?, ?)`,
  );
  database.transaction(() => {
    for (const session of sessions) insert.run(session, at, at);
  })();
  database.close();
}
