import { setTimeout as sleep } from 'node:timers/promises';
import type { Goal } from '../chat/goals';
import { Client, expectOk } from '../support/client';
import { percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Workspace } from '../support/workspace';
import { EventStream } from './event-stream';
import { sentAnswer, startOperator, storedAnswer } from './operator';
import { nowUs } from './tokens';

const AT_ONCE = 20;
const PER_SECOND = 50;
/** More than anybody waits for. */
const TOKENS = 10_000;
const HEARD_BEFORE = 20;
/** People change their minds one by one. */
const CHANGED_WITHIN_MS = 1_000;
const CLOSED_WITHIN_MS = 10_000;
const POLL_MS = 20;

interface Cancelled {
  acknowledgedMs: number;
  closedMs: number;
}

/** How soon a turn is cancelled in the middle of its answer, and how soon the model is left in peace. */
export async function measureCancelling(workspace: Workspace, modelUrl: string, cancels: number): Promise<Goal[]> {
  const service = await startOperator(workspace.folder('cancelling'), modelUrl);
  const client = new Client(service.url);
  const model = new Client(modelUrl);
  const batch = (name: string, size: number) =>
    Promise.all(Array.from({ length: size }, (_, n) => cancelOne(service.url, client, model, `${name}-${n}`)));

  await batch('warm-up', Math.min(AT_ONCE, cancels));
  const all: Cancelled[] = [];
  while (all.length < cancels) all.push(...(await batch(`at-${all.length}`, Math.min(AT_ONCE, cancels - all.length))));
  await service.stop();
  for (const each of [client, model]) each.close();

  const [acknowledged, closed] = [all.map((one) => one.acknowledgedMs), all.map((one) => one.closedMs)];
  process.stdout.write(
    `\n(e) ${cancels} turns cancelled in mid-answer, ${Math.min(AT_ONCE, cancels)} at a time: ms from the request\n${table(
      [
        ['until', 'p50', 'p95', 'max'],
        ...[
          { name: 'it is acknowledged', delays: acknowledged },
          { name: 'the model’s connection is closed', delays: closed },
        ].map(({ name, delays }) => [name, ...[0.5, 0.95, 1].map((share) => percentile(delays, share).toFixed(2))]),
      ],
    )}\n`,
  );
  return [
    { name: 'cancel acknowledged, p95, ms', value: percentile(acknowledged, 0.95), atMost: 50 },
    { name: 'cancel reaches the model, p95, ms', value: percentile(closed, 0.95), atMost: 1_000 },
  ];
}

async function cancelOne(url: string, client: Client, model: Client, name: string): Promise<Cancelled> {
  const stream = await EventStream.chat(url, name, `${name} ${TOKENS} ${PER_SECOND}`);
  const heard = await stream.until(({ type, data }) => type === 'message.delta' && isToken(data.text, HEARD_BEFORE));
  if (!heard) throw new Error(`${name} ended before it was cancelled.`);

  await sleep(Math.random() * CHANGED_WITHIN_MS);
  const askedAt = nowUs();
  const path = `/operator/turn/${heard.data.data.turn_id}/cancel`;
  const { status } = expectOk<{ status: string }>(await client.post(path, ''));
  const acknowledgedMs = (nowUs() - askedAt) / 1_000;
  await stream.ended;

  if (status !== 'cancelled') throw new Error(`${name} is ${status}.`);
  if (stream.events().at(-1)?.data.type !== 'turn.cancelled') throw new Error(`${name} does not end as cancelled.`);
  const transcript = stream.transcript(name);
  transcript.assertSame(await storedAnswer(client, name), 'the stored answer');
  const { text, closedAt } = await closedAnswer(model, name);
  if (!text.startsWith(transcript.text)) throw new Error(`${name}: something else was sent than arrived.`);
  return { acknowledgedMs, closedMs: (closedAt - askedAt) / 1_000 };
}

const isToken = (text: string, index: number): boolean => text.startsWith(`${index}:`);

async function closedAnswer(model: Client, name: string): Promise<{ text: string; closedAt: number }> {
  const deadline = performance.now() + CLOSED_WITHIN_MS;
  while (performance.now() < deadline) {
    const { text, closedAt } = await sentAnswer(model, name);
    if (closedAt !== null) return { text, closedAt };
    await sleep(POLL_MS);
  }
  throw new Error(`${name}: the model still answers.`);
}
