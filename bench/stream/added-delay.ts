import { join } from 'node:path';
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
import { type Arrival, type Transcript, delayMs } from './tokens';

const PER_SECOND = 100;
/** Until then the compiler is at it. */
const WARM_UP_ROUNDS = 2;

interface Size {
  rounds: number;
  chats: number;
  tokens: number;
}

interface Side {
  name: string;
  server: RunningServer;
  take(server: RunningServer, chat: Chat): Promise<Transcript>;
  arrivals: Arrival[];
  cpuMs: number;
}

interface Chat {
  name: string;
  tokens: number;
}

/** How much later a token reaches the client than the model has sent it. */
export async function measureAddedDelay(workspace: Workspace, modelUrl: string, size: Size): Promise<Goal[]> {
  const service = await startOperator(workspace.folder('added-delay'), modelUrl);
  const floor = await startServer(join(__dirname, 'floor.ts'), [modelUrl]);
  const model = new Client(modelUrl);
  const client = new Client(service.url, 8);
  const stored = async (server: RunningServer, chat: Chat) => {
    const transcript = await throughOperator(server, chat);
    transcript.assertSame(await storedAnswer(client, chat.name), 'the stored answer');
    return transcript;
  };
  const sides: Side[] = [
    { name: 'operator', server: service, take: stored, arrivals: [], cpuMs: 0 },
    { name: 'floor', server: floor, take: throughFloor, arrivals: [], cpuMs: 0 },
  ];

  for (let n = 0; n < WARM_UP_ROUNDS; n++) for (const side of sides) await round(side, `warm-up-${n}`, size, model);
  for (const side of sides) Object.assign(side, { arrivals: [], cpuMs: 0 });
  for (let n = 0; n < size.rounds; n++) for (const side of sides) await round(side, `${n}`, size, model);

  const tokens = size.rounds * size.chats * size.tokens;
  process.stdout.write(
    `\n(a) ${size.chats} chats at once, ${size.tokens} tokens each, ${PER_SECOND} a second: ` +
      `ms from the model's sending to the client\n${table([
        ['server', 'p50', 'p95', 'p99', 'max', 'CPU µs a token'],
        ...sides.map(({ name, arrivals, cpuMs }) => {
          const delays = arrivals.map(delayMs);
          const shares = [0.5, 0.95, 0.99, 1].map((share) => percentile(delays, share).toFixed(2));
          return [name, ...shares, ((cpuMs * 1_000) / tokens).toFixed(0)];
        }),
      ])}\n`,
  );
  await service.stop();
  model.close();
  client.close();
  const delays = sides[0]!.arrivals.map(delayMs);
  return [
    { name: 'a token’s delay, p95, ms', value: percentile(delays, 0.95), atMost: 5 },
    { name: 'a token’s delay, p99, ms', value: percentile(delays, 0.99), atMost: 15 },
  ];
}

async function round(side: Side, round: string, { chats, tokens }: Omit<Size, 'rounds'>, model: Client): Promise<void> {
  const before = usageOf(side.server.pid).cpuMs;
  const all = Array.from({ length: chats }, (_, n) => ({ name: `${side.name}-${round}-${n}`, tokens }));
  const transcripts = await Promise.all(all.map((chat) => side.take(side.server, chat)));
  side.cpuMs += usageOf(side.server.pid).cpuMs - before;
  for (const [n, transcript] of transcripts.entries()) {
    transcript.assertSame((await sentAnswer(model, all[n]!.name)).text, 'what was sent');
    if (transcript.arrivals.length !== tokens) throw new Error(`${transcript.arrivals.length} tokens arrived.`);
    side.arrivals.push(...transcript.arrivals);
  }
}

const question = ({ name, tokens }: Chat): string => `${name} ${tokens} ${PER_SECOND}`;

async function throughOperator({ url }: RunningServer, chat: Chat): Promise<Transcript> {
  const stream = await EventStream.chat(url, chat.name, question(chat));
  await stream.ended;
  return stream.transcript(chat.name);
}

async function throughFloor({ url }: RunningServer, chat: Chat): Promise<Transcript> {
  const stream = await askFloor(url, question(chat));
  await stream.ended;
  return floorTranscript(stream, chat.name);
}
