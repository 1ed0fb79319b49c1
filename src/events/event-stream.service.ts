import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Response } from 'express';
import { ShuttingDownError } from '../common/errors/http.errors';
import { Metrics } from '../common/metrics/metrics.service';
import { CONFIG, type Config } from '../config/config';
import { EventFeed } from './event-feed';
import { EventFrame } from './event-frame';
import { EventHub } from './event-hub';
import type { EventPosition } from './event-position';
import { type EventFilter, EventRepository } from './event.repository';
import type { EventSink } from './event-sink';
import { TooManyStreamsError } from './events.errors';
import { LogFollower } from './log-follower';
import { type FollowOptions, SessionFollower } from './session-follower';
import { SseSink } from './sse-sink';
import type { StreamEnd } from './events.types';

/** Proxies close what is silent for a minute, some for less. */
const HEARTBEAT_MS = 10_000;

/** Nobody throws it: without one, an error with its stack is made for every stream. */
const CLIENT_GONE = 'client_gone';

interface Open {
  sink: EventSink;
  sessionId: string | null;
  lastSeq(): number | null;
  end(why: StreamEnd): void;
}

/** Opens streams, keeps them alive, and ends them. */
@Injectable()
export class EventStreamService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly streams = new Set<Open>();
  private readonly ended;
  private timer: NodeJS.Timeout;
  private isClosed = false;

  constructor(
    private readonly hub: EventHub,
    private readonly feed: EventFeed,
    private readonly events: EventRepository,
    @Inject(CONFIG) private readonly config: Config,
    metrics: Metrics,
  ) {
    metrics.gauge(
      {
        name: 'operator_event_streams',
        help: 'Streams of events that are open, as server-sent events or over WebSockets.',
      },
      () => [{ value: this.streams.size }],
    );
    this.ended = metrics.counter({
      name: 'operator_event_streams_ended_total',
      help: 'Streams that have ended, by why.',
      labelNames: ['reason'],
    });
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.beat(), HEARTBEAT_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Ends them all, and opens no more: to be called when nothing more will happen that somebody would wait for. */
  closeAll(): void {
    this.isClosed = true;
    for (const stream of this.streams) stream.end('shutting_down');
  }

  /** There is nothing more to see in a session. */
  closeSession(sessionId: string, why: StreamEnd): void {
    this.hub.close(sessionId, why);
  }

  /** Streams a session as server-sent events until either side ends it. */
  async serveSession(response: Response, options: FollowOptions): Promise<void> {
    this.admit();
    await this.follow(new SseSink(response), options, goneSignal(response));
  }

  /** Streams all sessions as server-sent events; from now on, unless the reader has been here before. */
  async serveAll(response: Response, filter: EventFilter, after: EventPosition | null): Promise<void> {
    this.admit();
    const position = after ?? (await this.events.head());
    const sink = new SseSink(response);
    const follower = new LogFollower(this.feed, this.events, sink, filter, position);
    const stream = { sink, sessionId: null, lastSeq: () => null, end: (why: StreamEnd) => follower.end(why) };
    await this.run(stream, () => follower.run(goneSignal(response)));
  }

  /** The same into any sink. Resolves when the stream has ended. */
  async follow(sink: EventSink, options: FollowOptions, signal: AbortSignal): Promise<void> {
    const follower = new SessionFollower(this.hub, this.events, sink, options);
    const { sessionId } = options;
    const stream = { sink, sessionId, lastSeq: () => follower.lastSeq, end: (why: StreamEnd) => follower.end(why) };
    await this.run(stream, () => follower.run(signal));
  }

  /** @throws TooManyStreamsError */
  admit(): void {
    if (this.isClosed) throw new ShuttingDownError();
    if (this.streams.size >= this.config.streams.max) throw new TooManyStreamsError();
  }

  private async run(stream: Open, work: () => Promise<StreamEnd | null>): Promise<void> {
    this.streams.add(stream);
    stream.sink.send(this.frame(stream, 'heartbeat', {}));
    let why: StreamEnd | null = null;
    try {
      why = await work();
    } finally {
      this.streams.delete(stream);
      this.ended({ reason: why ?? CLIENT_GONE });
      const isSaid = why !== null && why !== 'turn_ended';
      stream.sink.end(why, isSaid ? this.frame(stream, 'stream.ended', { reason: why }) : null);
    }
  }

  private beat(): void {
    for (const stream of this.streams) stream.sink.send(this.frame(stream, 'heartbeat', {}));
  }

  /** `last_seq`: what the reader has got, and can go on from. */
  private frame(stream: Open, type: string, data: object): EventFrame {
    const said = JSON.stringify({ ...data, last_seq: stream.lastSeq() });
    return new EventFrame(stream.sessionId, type, said, new Date(), null, '');
  }
}

function goneSignal(response: Response): AbortSignal {
  const abort = new AbortController();
  const gone = () => abort.abort(CLIENT_GONE);
  response.once('close', gone);
  if (response.destroyed) gone();
  return abort.signal;
}
