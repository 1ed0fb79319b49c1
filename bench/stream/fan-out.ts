import { join } from 'node:path';
import type { Goal } from '../chat/goals';
import { Client, expectOk } from '../support/client';
import { usageOf } from '../support/process-usage';
import { startServer } from '../support/processes';
import { percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Workspace } from '../support/workspace';
import { EventStream, type OperatorEvent } from './event-stream';
import { askFloor, floorTranscript } from './floor-client';
import { sentAnswer, startOperator, storedAnswer } from './operator';
import { type Transcript, delayMs } from './tokens';

const SESSION = 'watched';
const PER_SECOND = 10;
const OPENED_AT_ONCE = 50;
const RSS_EVERY_MS = 100;
export const RSS_GOAL_MB = 600;

interface Size {
  watchers: number;
  watched: number;
}

interface Figures {
  delays: number[];
  cpuMs: number;
  rssMb: number;
}

/** When a token reaches each of many who watch the same session, and what so many of them take of memory. */
export async function measureFanOut(workspace: Workspace, modelUrl: string, size: Size): Promise<Goal[]> {
  const model = new Client(modelUrl);
  const floor = await watchFloor(modelUrl, model, size);
  const operator = await watchOperator(workspace, modelUrl, model, size);
  model.close();

  const { watchers, watched } = size;
  process.stdout.write(
    `\n(b) ${watchers} watchers of one session, ${watched} tokens, ${PER_SECOND} a second: ` +
      `ms from the model's sending to a watcher\n${table([
        ['server', 'p50', 'p95', 'max', 'CPU µs a token and watcher', 'RSS MB'],
        row('operator', operator),
        row('floor', floor),
      ])}\n`,
  );
  return [
    { name: `a token’s delay to ${watchers} watchers, p95, ms`, value: percentile(operator.delays, 0.95), atMost: 50 },
    { name: `RSS with ${watchers} watchers, MB`, value: operator.rssMb, atMost: RSS_GOAL_MB },
  ];
}

const row = (name: string, { delays, cpuMs, rssMb }: Figures): string[] => [
  name,
  ...[0.5, 0.95, 1].map((share) => percentile(delays, share).toFixed(2)),
  ((cpuMs * 1_000) / delays.length).toFixed(1),
  rssMb.toFixed(0),
];

async function watchOperator(workspace: Workspace, modelUrl: string, model: Client, size: Size): Promise<Figures> {
  const { watchers, watched } = size;
  const service = await startOperator(workspace.folder('fan-out'), modelUrl);
  const client = new Client(service.url);
  const say = async (name: string, tokens: number) => {
    const body = JSON.stringify({ session_id: SESSION, message: question(name, tokens) });
    return expectOk<{ turn_id: string }>(await client.post('/operator/chat', body)).turn_id;
  };
  const isEnd =
    (turnId: string) =>
    ({ type, data }: OperatorEvent) =>
      type === 'turn.succeeded' && data.turn_id === turnId;
  const everybodyHas = (turnId: string) => Promise.all(streams.map((stream) => stream.until(isEnd(turnId))));

  const first = await say('first', 1);
  const streams = await openAll(
    service.url,
    Array<string>(watchers).fill(`/operator/session/${SESSION}/events?after=0`),
  );
  await everybodyHas(first);
  // Once for the compiler and for what grows on demand, once for the figures.
  await everybodyHas(await say('warm-up', Math.ceil(watched / 10)));

  const figures = await measured(service.pid, async () => {
    const turnId = await say('watched', watched);
    await everybodyHas(turnId);
    return () => streams.map((stream, n) => stream.transcript(`watcher ${n}`, turnId));
  });
  const { text } = await sentAnswer(model, 'watched');
  for (const transcript of figures.transcripts) transcript.assertSame(text, 'what was sent');
  if ((await storedAnswer(client, SESSION)) !== text) throw new Error('Something else is stored than was sent.');
  for (const stream of streams) stream.close();
  await service.stop();
  client.close();
  return figures;
}

async function watchFloor(modelUrl: string, model: Client, { watchers, watched }: Size): Promise<Figures> {
  const floor = await startServer(join(__dirname, 'floor.ts'), [modelUrl]);
  const warmUp = await openAll(floor.url, Array<string>(watchers).fill('/'));
  await askFloor(floor.url, question('floor-warm-up', Math.ceil(watched / 10)));
  await Promise.all(warmUp.map(({ ended }) => ended));

  const streams = await openAll(floor.url, Array<string>(watchers).fill('/'));
  const figures = await measured(floor.pid, async () => {
    await askFloor(floor.url, question('floor-watched', watched));
    await Promise.all(streams.map(({ ended }) => ended));
    return () => streams.map((stream, n) => floorTranscript(stream, `floor's watcher ${n}`));
  });
  const { text } = await sentAnswer(model, 'floor-watched');
  for (const transcript of figures.transcripts) transcript.assertSame(text, 'what was sent');
  return figures;
}

const question = (name: string, tokens: number): string => `${name} ${tokens} ${PER_SECOND}`;

type Reading = () => Transcript[];

async function measured(pid: number, work: () => Promise<Reading>): Promise<Figures & { transcripts: Transcript[] }> {
  const before = usageOf(pid).cpuMs;
  let rssMb = 0;
  const sample = () => (rssMb = Math.max(rssMb, usageOf(pid).rssMb));
  const sampling = setInterval(sample, RSS_EVERY_MS);
  const read = await work();
  clearInterval(sampling);
  sample();
  const cpuMs = usageOf(pid).cpuMs - before;
  const transcripts = read();
  return { delays: transcripts.flatMap(({ arrivals }) => arrivals.map(delayMs)), cpuMs, rssMb, transcripts };
}

/** Node raises its own limit of open files as far as it may: a lower hard limit shows as an error here. */
export async function openAll(url: string, paths: string[]): Promise<EventStream[]> {
  const streams: EventStream[] = [];
  while (streams.length < paths.length) {
    const opening = paths.slice(streams.length, streams.length + OPENED_AT_ONCE);
    streams.push(...(await Promise.all(opening.map((path) => EventStream.open(url, path)))));
  }
  return streams;
}
