import { setImmediate } from 'node:timers/promises';
import type { EventFrame } from './event-frame';
import type { EventHub, Watcher } from './event-hub';
import type { EventRepository } from './event.repository';
import { type EventSink, STALLED_MS, sendTogether } from './event-sink';
import type { StreamEnd } from './events.types';

/** Frames in memory at once while the log is read. */
const READ_AT_ONCE = 100;

export interface FollowOptions {
  sessionId: string;
  /** The last event that the reader has got; 0: none. */
  after: number;
  /** Whether the stream is over with this event. */
  isLast?: (frame: EventFrame) => boolean;
}

/**
 * One reader of one session: the log from where it was left, then what happens, as it happens.
 *
 * A reader that is slower than what happens is sent back to the log, which it reads at its own pace; so nothing is kept
 * for it, and it misses nothing but pieces of an answer that it then gets as they are stored.
 */
export class SessionFollower implements Watcher {
  private position: number;
  private isLive = false;
  private ended: StreamEnd | null = null;
  private wake: () => void = () => undefined;
  /** As much of an answer as was shown. */
  private readonly shown = { turnId: '', attempt: 0, to: 0 };

  constructor(
    private readonly hub: EventHub,
    private readonly events: EventRepository,
    private readonly sink: EventSink,
    private readonly options: FollowOptions,
  ) {
    this.position = options.after;
  }

  /** Until the stream has ended, whoever ended it. Returns why; null when the client has gone. */
  async run(signal: AbortSignal): Promise<StreamEnd | null> {
    const { sessionId } = this.options;
    const gone = () => this.wake();
    signal.addEventListener('abort', gone, { once: true });
    this.hub.watch(sessionId, this);
    try {
      // A place that the log has not come to is one of an earlier session of this name.
      if (this.position > 0 && this.position > (await this.events.lastSeq(sessionId))) this.position = 0;
      while (!this.ended && !signal.aborted) {
        if (!(await this.isReady())) continue;
        if (await this.read(signal)) await this.live(signal);
      }
      return signal.aborted ? null : this.ended;
    } finally {
      this.hub.unwatch(sessionId, this);
      signal.removeEventListener('abort', gone);
    }
  }

  get lastSeq(): number {
    return this.position;
  }

  stored(frame: EventFrame): void {
    if (!this.isLive || frame.seq! <= this.position) return;
    if (frame.seq !== this.position + 1) this.fallBack();
    else if (!this.show(frame)) this.fallBack();
  }

  said(frame: EventFrame): void {
    if (this.isLive && !this.show(frame)) this.fallBack();
  }

  end(why: StreamEnd): void {
    this.ended ??= why;
    this.isLive = false;
    this.wake();
  }

  /** True: there is nothing left to read. */
  private async read(signal: AbortSignal): Promise<boolean> {
    const frames = await this.events.after(this.options.sessionId, this.position, READ_AT_ONCE);
    const show = (frame: EventFrame) => this.show(frame) && this.ended === null;
    for (let left = frames; left.length > 0;) {
      if (this.ended || signal.aborted) return false;
      left = left.slice(sendTogether(this.sink, left, show));
      if (!(await this.isReady())) return false;
    }
    if (frames.length < READ_AT_ONCE) return true;
    // Neither SQLite nor a quick reader makes us wait: without this, nobody else would have a turn until the end.
    await setImmediate();
    return false;
  }

  /** Nothing is awaited between the look at the hub and the first wait: so nothing is missed. */
  private async live(signal: AbortSignal): Promise<void> {
    const { sessionId } = this.options;
    if (this.ended || signal.aborted || this.hub.lastSeq(sessionId) > this.position) return;
    this.isLive = true;
    const speech = this.hub.speechIn(sessionId);
    if (speech && !this.show(speech)) this.fallBack();
    if (this.isLive && !this.ended) await new Promise<void>((resolve) => (this.wake = resolve));
    this.isLive = false;
  }

  /** False: the stream is over, because the reader takes nothing, or because somebody has ended it meanwhile. */
  private async isReady(): Promise<boolean> {
    const ended = new Promise<boolean>((resolve) => (this.wake = () => resolve(true)));
    if (!(await Promise.race([this.sink.ready(STALLED_MS), ended]))) this.ended ??= 'slow_reader';
    return this.ended === null;
  }

  private fallBack(): void {
    this.isLive = false;
    this.wake();
  }

  /** False: the sink has more than enough. */
  private show(frame: EventFrame): boolean {
    if (frame.seq !== null) this.position = frame.seq;
    if (this.isShown(frame)) return true;
    const takesMore = this.sink.send(frame);
    if (this.options.isLast?.(frame)) this.end('turn_ended');
    return takesMore;
  }

  private isShown({ delta }: EventFrame): boolean {
    if (!delta) return false;
    const { shown } = this;
    const to = delta.offset + delta.text.length;
    const isSame = shown.turnId === delta.turn_id && shown.attempt === delta.attempt;
    if (isSame && to <= shown.to) return true;
    shown.turnId = delta.turn_id;
    shown.attempt = delta.attempt;
    shown.to = to;
    return false;
  }
}
