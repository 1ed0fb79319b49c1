/** Everybody who reads streams, as one process: `POST /talk`, or `/watch`, `/heard`, `/report` and `/leave`. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventStream, type StreamedEvent } from '../support/event-stream';
import { serve } from '../support/processes';
import { Listener } from './listener';
import { type Order, flawIn } from './sealed-text';

export type Kind = 'operator' | 'floor';

interface Site {
  kind: Kind;
  url: string;
}
export type TalkCommand = Site & { orders: Order[]; withinMs: number };
export type WatchCommand = Site & { sessions: string[] };
export interface ReportCommand {
  orders: Order[];
}

export interface Report {
  delaysMs: number[];
  answers: number;
  problems: string[];
}

const SHOWN_PROBLEMS = 10;

let watching: { stream: EventStream; listener: Listener }[] = [];

const COMMANDS: Record<string, (command: never) => object | Promise<object>> = {
  '/talk': talk,
  '/watch': watch,
  '/heard': () => ({ tokens: watching.reduce((sum, { listener }) => sum + listener.delaysMs.length, 0) }),
  '/report': ({ orders }: ReportCommand) => {
    const listeners = watching.map(({ listener }) => listener);
    const report = reportOf(listeners, orders);
    for (const listener of listeners) listener.forget();
    return report;
  },
  '/leave': () => {
    for (const { stream } of watching) stream.close();
    watching = [];
    return {};
  },
};

serve(
  createServer(async (request, response) => {
    const answer = await COMMANDS[request.url!]!((await json(request)) as never);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
  }),
);

/** Each in a session of their own, beginning whenever they like. */
async function talk({ kind, url, orders, withinMs }: TalkCommand): Promise<Report> {
  const listeners = await Promise.all(
    orders.map(async (order) => {
      await sleep(Math.random() * withinMs);
      const listener = new Listener();
      const message = JSON.stringify(order);
      const request =
        kind === 'operator'
          ? { path: '/operator/chat', body: JSON.stringify({ session_id: order.name, message }) }
          : { path: `/chat/${order.name}`, body: JSON.stringify({ messages: [{ role: 'user', content: message }] }) };
      const { status, isWhole, body } = await new EventStream(url, request, hearing(kind, listener)).ended;
      if (status !== 200 || !isWhole) listener.problems.push(`${order.name}: ${status} ${body}`);
      return listener;
    }),
  );
  return reportOf(listeners, orders);
}

/** Until each is seen to be watching. */
async function watch({ kind, url, sessions }: WatchCommand): Promise<object> {
  await Promise.all(
    sessions.map(
      (session) =>
        new Promise<void>((resolve, reject) => {
          const path = kind === 'operator' ? `/operator/session/${session}/events` : `/watch/${session}`;
          const listener = new Listener();
          const hear = hearing(kind, listener);
          const stream = new EventStream(url, { path }, (event, at) => {
            resolve();
            hear(event, at);
          });
          void stream.ended.then(({ status }) => {
            listener.problems.push(`${session}: its stream ended`);
            reject(new Error(`${path}: ${status}`));
          });
          watching.push({ stream, listener });
        }),
    ),
  );
  return {};
}

function hearing(kind: Kind, listener: Listener): (event: StreamedEvent, at: number) => void {
  return kind === 'operator'
    ? ({ type, data }, at) => {
        if (type === 'turn.failed' || type === 'stream.ended') listener.problems.push(data);
        if (type !== 'message.delta') return;
        const { seq, data: delta } = JSON.parse(data);
        const { turn_id: answer, offset, text } = delta;
        listener.take(text, at, { answer, offset, isLive: seq === null });
      }
    : ({ data }, at) => {
        const piece = data.startsWith('{') && JSON.parse(data).choices?.[0]?.delta.content;
        if (piece) listener.take(piece, at);
      };
}

function reportOf(listeners: Listener[], orders: Order[]): Report {
  const orderOf = new Map(orders.map((order) => [order.name, order]));
  const problems = listeners.flatMap((listener) => listener.problems);
  for (const text of listeners.flatMap(({ texts }) => texts)) {
    const name = text.slice(0, text.indexOf(' '));
    const order = orderOf.get(name);
    const flaw = order ? flawIn(text, order) : `nobody asked for ${name}`;
    if (flaw) problems.push(flaw);
  }
  return {
    delaysMs: listeners.flatMap(({ delaysMs }) => delaysMs.map((delay) => Math.round(delay * 1_000) / 1_000)),
    answers: listeners.reduce((sum, { texts }) => sum + texts.length, 0),
    problems: problems.slice(0, SHOWN_PROBLEMS),
  };
}
