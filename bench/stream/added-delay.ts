import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Goal } from '../chat/goals';
import { Client } from '../support/client';
import { usageOf } from '../support/process-usage';
import { type RunningServer, startServer } from '../support/processes';
import { percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Workspace } from '../support/workspace';
import { EventStream } from './event-stream';
import { askFloor, floorTranscript } from './floor-client';
import { sentAnswer, startOperator, storedAnswer } from './operator';
import { type Arrival, FIRST_TOKEN_MS, type Transcript, delayMs, nowUs } from './tokens';

const PER_SECOND = 100;
/** To a round. In all 2,000 short turns: until then the compiler is at it, and a turn costs up to twice as much. */
const WARM_UP_BURSTS = 4;
const WARM_UP_TOKENS = 20;
/** Turns that each client has answered one after the other where it is not to be a burst. */
const TURNS = 3;

interface Size {
  rounds: number;
  chats: number;
  tokens: number;
}

interface Chat {
  name: string;
  tokens: number;
}

/** Something that answers, and how to talk to it. What was heard is read when nothing is measured any more. */
interface Side {
  name: string;
  server: RunningServer;
  hear(chat: Chat): Promise<EventStream>;
  read(stream: EventStream, chat: Chat): Promise<Transcript>;
}

interface Heard {
  arrivals: Arrival[];
  /** Of all tokens, also of those that do not count. */
  cpuUsEach: number;
}

/** How much later a token reaches the client than the model has sent it. */
export async function measureAddedDelay(workspace: Workspace, modelUrl: string, size: Size): Promise<Goal[]> {
  const { chats, tokens, rounds } = size;
  const service = await startOperator(workspace.folder('added-delay'), modelUrl);
  const floor = await startServer(join(__dirname, 'floor.ts'), [modelUrl]);
  const model = new Client(modelUrl);
  const client = new Client(service.url, 8);
  const sides = [operatorSide(service, client), floorSide(floor)];

  const short = { ...size, tokens: WARM_UP_TOKENS };
  const warmUp = (side: Side, label: string) => burst(side, label, short, model);
  const inBurst = (side: Side, label: string) => burst(side, label, size, model);
  const inSteadyState = (side: Side, label: string) => steadyState(side, label, size, model);
  await inTurn(sides, rounds * WARM_UP_BURSTS, 'warm-up', warmUp);
  const steady = await inTurn(sides, rounds, 'steady', inSteadyState);
  const bursts = await inTurn(sides, rounds, 'burst', inBurst);
  await service.stop();
  model.close();
  client.close();

  process.stdout.write(
    `\n(a) ${chats} chats at once, ${tokens} tokens each, ${PER_SECOND} a second: ` +
      `ms from the model's sending to the client\n${table([
        ['server', 'p50', 'p95', 'p99', 'max', 'CPU µs a token'],
        ...sides.map(({ name }) => row(`${name}, one after the other`, steady.get(name)!)),
        ...sides.map(({ name }) => row(`${name}, all in one moment`, bursts.get(name)!)),
      ])}\n`,
  );
  const delays = steady.get(sides[0]!.name)!.flatMap(({ arrivals }) => arrivals.map(delayMs));
  return [
    { name: 'a token’s delay, p95, ms', value: percentile(delays, 0.95), atMost: 5 },
    { name: 'a token’s delay, p99, ms', value: percentile(delays, 0.99), atMost: 15 },
  ];
}

function operatorSide(server: RunningServer, client: Client): Side {
  return {
    name: 'operator',
    server,
    hear: (chat) => EventStream.chat(server.url, chat.name, question(chat)),
    read: async (stream, { name }) => {
      const transcript = stream.transcript(name);
      transcript.assertSame(await storedAnswer(client, name), 'the stored answer');
      return transcript;
    },
  };
}

function floorSide(server: RunningServer): Side {
  return {
    name: 'floor',
    server,
    hear: (chat) => askFloor(server.url, question(chat)),
    read: async (stream, { name }) => floorTranscript(stream, name),
  };
}

async function inTurn(
  sides: Side[],
  rounds: number,
  what: string,
  measure: (side: Side, label: string) => Promise<Heard>,
): Promise<Map<string, Heard[]>> {
  const heard = new Map<string, Heard[]>(sides.map(({ name }) => [name, []]));
  for (let n = 0; n < rounds; n++) {
    for (const side of sides) heard.get(side.name)!.push(await measure(side, `${side.name}-${what}-${n}`));
  }
  return heard;
}

/** All begin in the same moment, and end so. */
async function burst(side: Side, label: string, { chats, tokens }: Size, model: Client): Promise<Heard> {
  const all = Array.from({ length: chats }, (_, n) => ({ name: `${label}-${n}`, tokens }));
  return heardBy(side, tokens, model, () => Promise.all(all.map((chat) => hearOne(side, chat))));
}

/** Turns begin and end all the time. What counts was sent while all clients were at it. */
async function steadyState(side: Side, label: string, { chats, tokens }: Size, model: Client): Promise<Heard> {
  const turnMs = FIRST_TOKEN_MS + (tokens * 1_000) / PER_SECOND;
  const startedAt = nowUs();
  const { arrivals, cpuUsEach } = await heardBy(side, tokens, model, async () => {
    const talking = Array.from({ length: chats }, async (_, n) => {
      await sleep((n / chats) * turnMs);
      const own: Ended[] = [];
      for (let turn = 0; turn < TURNS; turn++) {
        own.push(await hearOne(side, { name: `${label}-${n}-${turn}`, tokens }));
      }
      return own;
    });
    return (await Promise.all(talking)).flat();
  });
  const [from, to] = [turnMs, TURNS * turnMs].map((ms) => startedAt + ms * 1_000) as [number, number];
  return { arrivals: arrivals.filter(({ sentAt }) => sentAt >= from && sentAt < to), cpuUsEach };
}

interface Ended {
  chat: Chat;
  stream: EventStream;
}

async function hearOne(side: Side, chat: Chat): Promise<Ended> {
  const stream = await side.hear(chat);
  await stream.ended;
  return { chat, stream };
}

/** Every token once and in order, and nothing else, or it throws. */
async function heardBy(side: Side, tokens: number, model: Client, work: () => Promise<Ended[]>): Promise<Heard> {
  const before = usageOf(side.server.pid).cpuMs;
  const ended = await work();
  const cpuMs = usageOf(side.server.pid).cpuMs - before;
  const arrivals: Arrival[] = [];
  for (const { chat, stream } of ended) {
    const transcript = await side.read(stream, chat);
    transcript.assertSame((await sentAnswer(model, chat.name)).text, 'what was sent');
    if (transcript.arrivals.length !== tokens) throw new Error(`${transcript.arrivals.length} tokens arrived.`);
    arrivals.push(...transcript.arrivals);
  }
  return { arrivals, cpuUsEach: (cpuMs * 1_000) / arrivals.length };
}

function row(name: string, heard: Heard[]): string[] {
  const delays = heard.flatMap(({ arrivals }) => arrivals.map(delayMs));
  const shares = [0.5, 0.95, 0.99, 1].map((share) => percentile(delays, share).toFixed(2));
  const cpuUs = heard.reduce((sum, { cpuUsEach }) => sum + cpuUsEach, 0) / heard.length;
  return [name, ...shares, cpuUs.toFixed(0)];
}

const question = ({ name, tokens }: Chat): string => `${name} ${tokens} ${PER_SECOND}`;
