import { randomUUID } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import { Client, expectOk } from '../support/client';
import { median, timedAsync } from '../support/statistics';
import type { Goal } from './goals';
import { TurnRows } from './turn-rows';

const PAGE = 50;
/** The longest page that the service hands out. */
const STRIDE = 1_000;
const WARM_UP_PAIRS = 30;
const TEXT = 'Since the migration it has one worker instead of four; the other three wait for their credentials.';

/** Whether the length of a session's past shows in what its next turn, or a page of it, costs. */
export async function measureLongSessions(url: string, databaseFile: string, pairs: number): Promise<Goal[]> {
  const shorts = Array.from({ length: WARM_UP_PAIRS + pairs }, (_, index) => `short-${index}`);
  fill(databaseFile, [
    ['long', 10_000],
    ['page-long', 100_000],
    ['page-short', 2 * PAGE],
    ...shorts.map((sessionId): [string, number] => [sessionId, 10]),
  ]);

  const client = new Client(url, 1);
  const turn = async (sessionId: string) =>
    void expectOk(await client.post('/operator/chat', JSON.stringify({ session_id: sessionId, message: TEXT })));
  const page = (sessionId: string, cursor?: string) => {
    const path = `/operator/session/${sessionId}?limit=${PAGE}${cursor ? `&cursor=${cursor}` : ''}`;
    return async () => {
      const { messages } = expectOk<{ messages: unknown[] }>(await client.get(path));
      if (messages.length !== PAGE) throw new Error(`A page of ${messages.length} messages.`);
    };
  };
  const middleOfLong = await cursorAfter(client, 'page-long', 50_000);
  const middleOfShort = await cursorAfter(client, 'page-short', PAGE);

  const goals = [
    {
      name: 'turn in a session of 10,000 messages ÷ of 10',
      // A short session is short once only, so every turn gets a new one.
      value: await ratio(
        pairs,
        () => turn('long'),
        () => turn(shorts.pop()!),
      ),
      atMost: 1.1,
    },
    {
      name: 'newest 50 of 100,000 messages ÷ of 100',
      value: await ratio(pairs, page('page-long'), page('page-short')),
      atMost: 1.2,
    },
    {
      name: '50 from the middle of 100,000 messages ÷ of 100',
      value: await ratio(pairs, page('page-long', middleOfLong), page('page-short', middleOfShort)),
      atMost: 1.2,
    },
  ];
  client.close();
  return goals;
}

/** Medians of both sides, measured alternately: whoever goes first in one pair goes second in the next. */
async function ratio(pairs: number, long: () => Promise<void>, short: () => Promise<void>): Promise<number> {
  const sides = [
    { work: long, durations: [] as number[] },
    { work: short, durations: [] as number[] },
  ];
  for (let pair = 0; pair < WARM_UP_PAIRS + pairs; pair++) {
    for (const { work, durations } of sides) durations.push(await timedAsync(work));
    sides.reverse();
  }
  const of = (work: () => Promise<void>) =>
    median(sides.find((side) => side.work === work)!.durations.slice(WARM_UP_PAIRS));
  return of(long) / of(short);
}

/** Where the page begins that comes after the newest `skipped` messages. */
async function cursorAfter(client: Client, sessionId: string, skipped: number): Promise<string> {
  let cursor = '';
  for (let left = skipped; left > 0; left -= STRIDE) {
    const query = `limit=${Math.min(left, STRIDE)}${cursor && `&cursor=${cursor}`}`;
    const answer = await client.get(`/operator/session/${sessionId}?${query}`);
    cursor = expectOk<{ next_cursor: string }>(answer).next_cursor;
  }
  return cursor;
}

/** Writes past turns as the service would have, straight into its file: over HTTP they would take minutes. */
function fill(databaseFile: string, sessions: [sessionId: string, messages: number][]): void {
  const database = new Sqlite(databaseFile);
  database.pragma('foreign_keys = ON');
  const rows = new TurnRows(database);
  database.transaction(() => {
    for (const [sessionId, messages] of sessions) {
      for (let turn = 0; turn < messages / 2; turn++) {
        const question = { turnId: randomUUID(), sessionId, message: TEXT };
        rows.open(question);
        rows.close(question, { text: TEXT, engine: 'general-7b', tokens: 21, latencyMs: 1 });
      }
    }
  })();
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}
