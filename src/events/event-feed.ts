import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Reader } from '../database/reader';
import { EventHub } from './event-hub';
import { type EventPosition, positionOf } from './event-position';
import { EventRepository } from './event.repository';

/** Those who read all sessions are told of what is new at most this often. */
const WAKE_EVERY_MS = 50;
/** On PostgreSQL other instances write the log too. */
const LOOK_EVERY_MS = 200;
const LOOK_AT_ONCE = 500;

/** Tells when the log has grown, also by what other instances have written. */
@Injectable()
export class EventFeed implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(EventFeed.name);
  private readonly waiting = new Set<() => void>();
  private waking: NodeJS.Timeout | undefined;
  private looking: NodeJS.Timeout | undefined;
  private look: Promise<void> | undefined;
  private position: EventPosition | null = null;
  private isStopped = false;

  constructor(
    private readonly events: EventRepository,
    private readonly hub: EventHub,
    private readonly reader: Reader,
  ) {
    hub.onStored(() => this.wakeSoon());
  }

  onApplicationBootstrap(): void {
    if (this.reader.isPostgres) this.lookLater();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.waking);
    clearTimeout(this.looking);
    await this.look;
  }

  /** Resolves when there may be something new, or nobody waits any more. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.waiting.delete(done);
        resolve();
      };
      this.waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }

  wake(): void {
    for (const done of [...this.waiting]) done();
  }

  private wakeSoon(): void {
    if (this.waiting.size === 0) return;
    this.waking ??= setTimeout(() => {
      this.waking = undefined;
      this.wake();
    }, WAKE_EVERY_MS);
  }

  private lookLater(): void {
    if (this.isStopped) return;
    this.looking = setTimeout(() => {
      this.look = this.lookForOthers()
        .catch((error: unknown) => this.logger.warn({ event: 'events:not_read', err: error }))
        .finally(() => this.lookLater());
    }, LOOK_EVERY_MS);
    this.looking.unref();
  }

  private async lookForOthers(): Promise<void> {
    this.position ??= await this.events.head();
    const frames = await this.events.tail(this.position, {}, LOOK_AT_ONCE);
    for (const { sessionId, seq, type, data, at, cursor } of frames) {
      this.hub.publish([{ sessionId: sessionId!, seq: seq!, type, data, at }]);
      this.position = positionOf(cursor)!;
    }
  }
}
