import { setImmediate } from 'node:timers/promises';
import { EventFrame, type StoredEvent } from '../../src/events/event-frame';
import type { EventHub, Speaker } from '../../src/events/event-hub';
import type { EventSink } from '../../src/events/event-sink';
import type { MessageDelta } from '../../src/events/events.types';

export const SESSION = 'session';
export const AT = new Date('2026-11-23T09:30:00Z');

/** The log as a list in memory. A reader gets what was in it when it asked, some time later. */
export class FakeLog {
  readonly events: StoredEvent[] = [];
  reads = 0;
  /** As SQLite does it: nobody else has a turn meanwhile. */
  answersAtOnce = false;

  /** Stores, and tells nobody. */
  commit(type: string, data: object = {}): StoredEvent {
    const event = { sessionId: SESSION, seq: this.events.length + 1, type, data: JSON.stringify(data), at: AT };
    this.events.push(event);
    return event;
  }

  async lastSeq(): Promise<number> {
    return this.events.length;
  }

  async after(sessionId: string, seq: number, limit: number): Promise<EventFrame[]> {
    this.reads++;
    if (!this.answersAtOnce) await setImmediate();
    const found = this.events.filter((event) => event.sessionId === sessionId && event.seq > seq).slice(0, limit);
    if (!this.answersAtOnce) await setImmediate();
    return found.map((event) => EventFrame.stored(event));
  }
}

/** A connection that has more than enough for as long as the test wants. */
export class FakeSink implements EventSink {
  readonly frames: EventFrame[] = [];
  isFull = false;
  private waiting: ((isReady: boolean) => void)[] = [];

  send(frame: EventFrame): boolean {
    this.frames.push(frame);
    return !this.isFull;
  }

  together(send: () => void): void {
    send();
  }

  ready(): Promise<boolean> {
    return this.isFull ? new Promise((resolve) => this.waiting.push(resolve)) : Promise.resolve(true);
  }

  end(): void {
    throw new Error('That is for those to do who have opened it.');
  }

  drain(): void {
    this.isFull = false;
    this.answer(true);
  }

  /** Its time is over. */
  giveUp(): void {
    this.answer(false);
  }

  get seqs(): number[] {
    return this.frames.flatMap(({ seq }) => seq ?? []);
  }

  /** What was said, as it was shown. */
  get pieces(): [seq: number | null, offset: number, text: string][] {
    return this.frames.flatMap(({ seq, delta }) => (delta ? [[seq, delta.offset, delta.text]] : []));
  }

  private answer(isReady: boolean): void {
    for (const resolve of this.waiting.splice(0)) resolve(isReady);
  }
}

/** Who answers, a piece at a time: says it, and stores it later. */
export class FakeSpeaker implements Speaker {
  private all = '';
  private stored = 0;

  constructor(
    private readonly hub: EventHub,
    private readonly log: FakeLog,
    private readonly turnId = 'turn',
    private readonly attempt = 1,
    private readonly sessionId = SESSION,
  ) {}

  get text(): string {
    return this.all;
  }

  get storedText(): string {
    return this.all.slice(0, this.stored);
  }

  get unstored(): MessageDelta {
    return this.delta(this.stored, this.all.length);
  }

  say(piece: string): void {
    const from = this.all.length;
    this.all += piece;
    this.hub.say(this.sessionId, this.delta(from, this.all.length), this);
  }

  /** Stores what was said up to `to` characters before its end. */
  store(to = 0): void {
    const delta = this.delta(this.stored, Math.max(this.stored, this.all.length - to));
    if (delta.text === '') return;
    const event = this.log.commit('message.delta', delta);
    this.hub.publish([event]);
    this.stored += delta.text.length;
  }

  stop(): void {
    this.hub.fallSilent(this.sessionId, this);
  }

  private delta(from: number, to: number): MessageDelta {
    return { turn_id: this.turnId, attempt: this.attempt, offset: from, text: this.all.slice(from, to) };
  }
}
