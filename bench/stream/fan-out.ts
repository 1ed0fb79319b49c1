import { setTimeout as sleep } from 'node:timers/promises';
import type { Goal } from '../chat/goals';
import { Client, expectOk } from '../support/client';
import type { Report } from './readers';
import type { Order } from './sealed-text';
import { Measured, type Readers, type Target, describeMeasured, measure } from './target';

export interface FanOutOptions {
  watchers: number;
  writers: number;
  tokens: number;
  turns: number;
}

/** Turns in sessions that are being watched, one after the other in each. */
interface Play {
  what: string;
  /** One for each watcher. */
  watched: string[];
  written: string[];
  everyMs: number;
}

/** What all hear goes out to all: at this pace to 2,000 of them 20,000 times a second. */
const ONE_EVERY_MS = 100;
const MANY_EVERY_MS = 20;
const COMING_FOR_MS = 10_000;
const POLL_MS = 50;
const OPENED_AT_ONCE = 32;

/** How long it takes from the model's hand to the eye of each of many who watch. */
export async function measureFanOut(
  targets: { operator: Target; floor: Target },
  readers: Readers,
  options: FanOutOptions,
): Promise<Goal[]> {
  const sessions = Array.from({ length: options.watchers }, (_, index) => `watched-${index}`);
  const apart = Math.floor(options.watchers / options.writers);
  const plays = [
    { what: 'one session', watched: sessions.map(() => 'stage'), written: ['stage'], everyMs: ONE_EVERY_MS },
    {
      what: `a session each, ${options.writers} being answered`,
      watched: sessions,
      written: sessions.filter((_, index) => index % apart === 0).slice(0, options.writers),
      everyMs: MANY_EVERY_MS,
    },
  ];
  await openSessions(targets.operator.url, ['stage', ...sessions]);

  const goals: Goal[] = [];
  let rssMb = 0;
  for (const play of plays) {
    const floor = await perform(targets.floor, readers, play, options);
    const operator = await perform(targets.operator, readers, play, options);
    process.stdout.write(`\n${options.watchers} watchers of ${play.what}\n`);
    process.stdout.write(`${describeMeasured([operator, floor], 'token seen')}\n`);
    goals.push({ name: `to each watcher of ${play.what}, p95, ms`, value: operator.at(0.95), atMost: 50 });
    rssMb = Math.max(rssMb, operator.rssMb);
  }
  return [...goals, { name: `RSS with ${options.watchers} watchers, MB`, value: rssMb, atMost: 600 }];
}

async function perform(target: Target, readers: Readers, play: Play, options: FanOutOptions): Promise<Measured> {
  const { kind, url, name } = target;
  const { what, watched, written, everyMs } = play;
  const { tokens, turns } = options;
  const measured = new Measured(name);
  const client = new Client(url);
  await readers.watch({ kind, url, sessions: watched });
  await sleep(COMING_FOR_MS / 20);
  // What was said before they came is not what is measured.
  await readers.report({ orders: [] });

  for (let turn = 0; turn < turns; turn++) {
    const orders = written.map((session) => ({ name: `${session}-${name}-${watched[1]}-${turn}`, tokens, everyMs }));
    await measure(target, measured, async () => {
      await Promise.all(written.map((session, index) => write(client, target, session, orders[index]!)));
      return heard(readers, orders, watched.filter((session) => written.includes(session)).length);
    });
  }
  await readers.leave();
  client.close();
  if (measured.delaysMs.length === 0) throw new Error(`${name}: nobody heard anything of ${what}`);
  return measured;
}

/** Has an answer given, and waits for its end. */
async function write(client: Client, { kind }: Target, session: string, order: Order): Promise<void> {
  const message = JSON.stringify(order);
  const answer =
    kind === 'operator'
      ? await client.post('/operator/chat', JSON.stringify({ session_id: session, message }))
      : await client.post(`/chat/${session}`, JSON.stringify({ messages: [{ role: 'user', content: message }] }));
  expectOk(answer);
}

/** What `hearers` have heard once all of it has come, or nothing comes any more. */
async function heard(readers: Readers, orders: Order[], hearers: number): Promise<Report> {
  const answers = orders.length === 1 ? hearers : orders.length;
  const due = answers * orders[0]!.tokens;
  const deadline = Date.now() + COMING_FOR_MS;
  while ((await readers.heard()).tokens < due && Date.now() < deadline) await sleep(POLL_MS);
  const report = await readers.report({ orders });
  if (report.answers !== answers) report.problems.push(`${report.answers} of ${answers} answers were heard`);
  return report;
}

/** Sessions in which something was said. */
async function openSessions(url: string, sessions: string[]): Promise<void> {
  const client = new Client(url);
  const left = sessions.map((session) => ({ session, order: { name: session, tokens: 1, everyMs: 0 } }));
  const worker = async () => {
    for (let next = left.pop(); next; next = left.pop()) {
      const body = JSON.stringify({ session_id: next.session, message: JSON.stringify(next.order) });
      expectOk(await client.post('/operator/chat', body));
    }
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, worker));
  client.close();
}
