import { AsyncResource } from 'node:async_hooks';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { SwitchBadReplyError, SwitchServerError } from '../../switch-gateway/switch.errors';
import { SwitchGateway } from '../../switch-gateway/switch-gateway.service';
import type { SwitchFeedback } from '../../switch-gateway/switch-gateway.types';
import type { OutboxEntry } from './outbox.repository';
import { OutboxService } from './outbox.service';

export const SWITCH_FEEDBACK = 'switch.feedback';

const BATCH = 50;
/** Feedback gathers for a moment, so that a batch shares its commits. */
const GATHER_MS = 500;
/** Entries of other instances, and of claims whose taker died. */
const LOOK_AGAIN_MS = 30_000;
/** The steadiest stream of turns leaves this much time between two calls: nothing here may slow a chat. */
const PACE_MS = 100;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 5 * 60_000;
/** A Switch that does not know the call may learn it, but not soon. */
const UNSUPPORTED_MS = 60 * 60_000;
/** An entry that makes Switch fail this often will do so for ever. */
const ATTEMPTS_MAX = 10;

type Sent = { kind: 'delivered' } | { kind: 'refused' } | { kind: 'unsupported' } | { kind: 'failed'; error: string };

/**
 * Brings feedback to Switch, at least once and in order, beside the requests of people: one call at a time, slowly, and
 * ever more seldom while Switch does not take it.
 */
@Injectable()
export class FeedbackCourier implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Feedback');
  private readonly stopping = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private dueAt = Infinity;
  private round: Promise<void> | null = null;
  /** Something came since the last round began, which that round may have missed. */
  private hasNews = false;
  private resumeAt = 0;
  private failures = 0;
  /** Whatever request woke it: it is not on behalf of that one, in logs and in traces. */
  private readonly begin = AsyncResource.bind(() => this.start());

  constructor(
    private readonly outbox: OutboxService,
    private readonly gateway: SwitchGateway,
  ) {}

  /** What an earlier process could not deliver waits as long as that one meant to. */
  async onApplicationBootstrap(): Promise<void> {
    if (!this.gateway.takesFeedback) return;
    const waitsUntil = await this.outbox.recover().catch(() => null);
    this.resumeAt = Math.min(waitsUntil?.getTime() ?? 0, Date.now() + UNSUPPORTED_MS);
    this.schedule(GATHER_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.round;
  }

  /** There is something new. */
  wake(): void {
    this.hasNews = true;
    if (!this.round) this.schedule(GATHER_MS);
  }

  private schedule(afterMs: number): void {
    const dueAt = Math.max(Date.now() + afterMs, this.resumeAt);
    if (this.stopping.signal.aborted || dueAt >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = dueAt;
    // A timer may be a millisecond early, and what is due at a moment is not due before.
    this.timer = setTimeout(this.begin, dueAt - Date.now() + 1);
    this.timer.unref();
  }

  private start(): void {
    this.dueAt = Infinity;
    this.hasNews = false;
    this.round = this.deliverAll()
      .catch((error: unknown) => this.logger.warn({ event: 'feedback:not_delivered', err: error }))
      .then(() => {
        this.round = null;
        const isWaiting = this.hasNews || this.resumeAt > Date.now();
        this.schedule(isWaiting ? GATHER_MS : LOOK_AGAIN_MS);
      });
  }

  private async deliverAll(): Promise<void> {
    for (let isMore = true; isMore && !this.stopping.signal.aborted;) {
      const entries = await this.outbox.claim(SWITCH_FEEDBACK, BATCH);
      isMore = (await this.deliver(entries)) && entries.length === BATCH;
      await this.outbox.look();
    }
  }

  /** False: there is no use in going on. */
  private async deliver(entries: OutboxEntry[]): Promise<boolean> {
    const delivered: number[] = [];
    const refused: number[] = [];
    let failure: { id: number; error: string } | undefined;
    let index = 0;
    for (; index < entries.length && !this.stopping.signal.aborted; index++) {
      const entry = entries[index]!;
      const sent = await this.send(entry);
      if (sent.kind === 'failed') failure = { id: entry.id, error: sent.error };
      if (sent.kind === 'failed' || sent.kind === 'unsupported') {
        this.backOff(sent);
        break;
      }
      this.failures = 0;
      (sent.kind === 'delivered' ? delivered : refused).push(entry.id);
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    const postponed = entries.slice(index).map(({ id }) => id);
    await this.outbox.settle({ delivered, refused, postponed, until: new Date(this.resumeAt), failure });
    return postponed.length === 0;
  }

  private async send({ payload, attempts }: OutboxEntry): Promise<Sent> {
    if (!isFeedback(payload)) return { kind: 'refused' };
    try {
      const isTaken = await this.gateway.submitFeedback(payload, this.stopping.signal);
      return { kind: isTaken ? 'delivered' : 'unsupported' };
    } catch (error) {
      const isAnswered = error instanceof SwitchServerError || error instanceof SwitchBadReplyError;
      const isFinal = error instanceof SwitchServerError && error.status < 500;
      if (isFinal || (isAnswered && attempts + 1 >= ATTEMPTS_MAX)) return { kind: 'refused' };
      return { kind: 'failed', error: (error as Error).message };
    }
  }

  private backOff(sent: Extract<Sent, { kind: 'failed' | 'unsupported' }>): void {
    if (this.stopping.signal.aborted) return;
    const isUnsupported = sent.kind === 'unsupported';
    const delay = isUnsupported ? UNSUPPORTED_MS : Math.min(RETRY_FIRST_MS * 2 ** this.failures, RETRY_MAX_MS);
    this.failures = isUnsupported ? 0 : this.failures + 1;
    // Instances that failed together need not come back together.
    this.resumeAt = Date.now() + Math.ceil(delay * (1 + Math.random() / 4));
    const reason = sent.kind === 'failed' ? sent.error : 'Switch does not know record_result.';
    this.logger.warn({ event: 'feedback:postponed', reason, retry_in_s: Math.round(delay / 1_000) });
  }
}

/** The table may hold rows that another hand wrote, or another version. */
const isFeedback = (payload: unknown): payload is SwitchFeedback => {
  const { engine, success, latencyMs } = Object(payload) as Record<string, unknown>;
  return typeof engine === 'string' && typeof success === 'boolean' && typeof latencyMs === 'number';
};
