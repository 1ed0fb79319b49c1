import { setTimeout as sleep } from 'node:timers/promises';
import type { Goal } from '../chat/goals';
import { Client, expectOk } from '../support/client';
import { sharedClock } from '../support/clock';
import { EventStream } from '../support/event-stream';
import { percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Cut } from './model';
import { flawInBeginning } from './sealed-text';

export interface CancelOptions {
  cancels: number;
  atOnce: number;
}

interface Cancelled {
  name: string;
  /** What its client had seen of it. */
  shown: string;
  askedAt: number;
  ackMs: number;
}

interface SessionBody {
  messages: { role: string; content: string; metadata: object | null }[];
}

const TOKENS = 1_000;
const EVERY_MS = 10;
const CANCELLED_WITHIN_MS = 800;
const CLOSED_WITHIN_MS = 5_000;
const POLL_MS = 50;

/** How soon a turn ends that somebody does not want any more: for whoever says so, and for the model. */
export async function measureCancels(url: string, modelUrl: string, options: CancelOptions): Promise<Goal[]> {
  const client = new Client(url);
  const cancelled: Cancelled[] = [];
  const names = Array.from({ length: options.cancels }, (_, index) => `cancelled-${index}`);
  const worker = async () => {
    for (let name = names.pop(); name; name = names.pop()) cancelled.push(await cancelOne(client, url, name));
  };
  await Promise.all(Array.from({ length: options.atOnce }, worker));
  const cuts = await cutsOf(modelUrl, cancelled);
  for (const one of cancelled) await expectKept(client, one, cuts.get(one.name)!);
  client.close();

  const acknowledged = cancelled.map(({ ackMs }) => ackMs);
  const closed = cancelled.map(({ name, askedAt }) => cuts.get(name)!.at - askedAt);
  const row = (what: string, durations: number[]) => [
    what,
    ...[0.5, 0.95, 1].map((share) => percentile(durations, share).toFixed(2)),
  ];
  const rows = [row('acknowledged', acknowledged), row('connection closed', closed)];
  process.stdout.write(`\n${options.cancels} turns cancelled in mid-answer, ${options.atOnce} at once\n`);
  process.stdout.write(`${table([['', 'p50 ms', 'p95 ms', 'max ms'], ...rows])}\n`);
  return [
    { name: 'cancel acknowledged, p95, ms', value: percentile(acknowledged, 0.95), atMost: 50 },
    { name: 'model’s connection closed after a cancel, p95, ms', value: percentile(closed, 0.95), atMost: 1_000 },
  ];
}

async function cancelOne(client: Client, url: string, name: string): Promise<Cancelled> {
  const message = JSON.stringify({ name, tokens: TOKENS, everyMs: EVERY_MS });
  const body = JSON.stringify({ session_id: name, message });
  let shown = '';
  let last = '';
  let hasBegun: (turnId: string) => void;
  const begun = new Promise<string>((resolve) => (hasBegun = resolve));
  const stream = new EventStream(url, { path: '/operator/chat', body }, ({ type, data }) => {
    last = type;
    if (type !== 'message.delta') return;
    const { turn_id, offset, text } = JSON.parse(data).data;
    shown += text.slice(shown.length - offset);
    hasBegun(turn_id);
  });
  const failed = stream.ended.then(({ status, body: why }) => {
    throw new Error(`${name} ended before it was cancelled: ${status} ${why}`);
  });
  const turnId = await Promise.race([begun, failed]);
  failed.catch(() => undefined); // from here on it has to end
  await sleep(Math.random() * CANCELLED_WITHIN_MS);

  const askedAt = sharedClock();
  const answer = await client.post(`/operator/turn/${turnId}/cancel`, '');
  const ackMs = sharedClock() - askedAt;
  const { status } = expectOk<{ status: string }>(answer);
  const { isWhole } = await stream.ended;
  if (status !== 'cancelled' || last !== 'turn.cancelled' || !isWhole) {
    throw new Error(`${name} is ${status}, and its stream ended with ${last}`);
  }
  return { name, shown, askedAt, ackMs };
}

/** When the model saw that nobody listens any more, and what it had said by then. */
async function cutsOf(modelUrl: string, cancelled: Cancelled[]): Promise<Map<string, Cut>> {
  const client = new Client(modelUrl, 1);
  const deadline = Date.now() + CLOSED_WITHIN_MS;
  for (;;) {
    const cuts = new Map(expectOk<Cut[]>(await client.get('/cuts')).map((cut) => [cut.name, cut]));
    const missing = cancelled.filter(({ name }) => !cuts.has(name));
    if (missing.length === 0) {
      client.close();
      return cuts;
    }
    if (Date.now() > deadline) throw new Error(`The model still talks to ${missing.map(({ name }) => name).join()}.`);
    await sleep(POLL_MS);
  }
}

/** What is kept is what was said, all that was shown, and it says that it is not all. */
async function expectKept(client: Client, { name, shown }: Cancelled, { sent }: Cut): Promise<void> {
  const { messages } = expectOk<SessionBody>(await client.get(`/operator/session/${name}`));
  const kept = messages[1];
  const isMarked = JSON.stringify(kept?.metadata) === '{"incomplete":true}';
  const text = kept?.content ?? '';
  const flaw = flawInBeginning(text, { name });
  if (messages.length === 2 && isMarked && !flaw && sent.startsWith(text) && text.startsWith(shown)) return;
  throw new Error(`${name}: kept ${JSON.stringify(kept)}; sent\n${sent}\nshown\n${shown}\n${flaw ?? ''}`);
}
