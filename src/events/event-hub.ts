import { Injectable } from '@nestjs/common';
import { EventFrame, type StoredEvent } from './event-frame';
import type { StreamEnd } from './events.types';

/** Somebody who watches one session. */
export interface Watcher {
  /** An event has been stored. */
  stored(frame: EventFrame): void;
  /** A piece of an answer that is not stored yet. */
  said(frame: EventFrame): void;
  end(why: StreamEnd): void;
}

/** The answer that a session is being given, as far as it has been heard and not yet stored. */
export interface Speech {
  turnId: string;
  attempt: number;
  /** Where `text` belongs in the answer. */
  offset: number;
  text: string;
}

interface Channel {
  watchers: Set<Watcher>;
  /** Of what was published since somebody watches. */
  lastSeq: number;
}

/** Tells those who watch, in this process, what has just been stored, and what is being said and will be. */
@Injectable()
export class EventHub {
  private readonly channels = new Map<string, Channel>();
  private readonly speeches = new Map<string, Speech>();
  private readonly listeners: ((event: StoredEvent) => void)[] = [];

  /** Has `listener` told of every stored event, of whatever session. */
  onStored(listener: (event: StoredEvent) => void): void {
    this.listeners.push(listener);
  }

  /** Of one session, in the order of their `seq`. Events that were told of before are not told again. */
  publish(events: StoredEvent[]): void {
    for (const event of events) {
      for (const listener of this.listeners) listener(event);
      const channel = this.channels.get(event.sessionId);
      if (!channel || event.seq <= channel.lastSeq) continue;
      channel.lastSeq = event.seq;
      const frame = EventFrame.stored(event);
      for (const watcher of channel.watchers) watcher.stored(frame);
    }
  }

  /** `piece` was said after all that is in `speech` already. */
  say(sessionId: string, speech: Speech, piece: string): void {
    const { turnId, attempt, offset, text } = speech;
    this.speeches.set(sessionId, { turnId, attempt, offset, text: text + piece });
    const channel = this.channels.get(sessionId);
    if (!channel || channel.watchers.size === 0) return;
    const frame = pieceOf(sessionId, { turnId, attempt, offset: offset + text.length, text: piece }, channel.lastSeq);
    for (const watcher of channel.watchers) watcher.said(frame);
  }

  /** What is left to be stored of what was said; null when all is, or nothing more will be said. */
  unstored(sessionId: string, speech: Speech | null): void {
    if (speech) this.speeches.set(sessionId, speech);
    else this.speeches.delete(sessionId);
  }

  /** What is being said and not stored yet, as one piece; for a watcher who has got everything else. */
  speechIn(sessionId: string): EventFrame | null {
    const speech = this.speeches.get(sessionId);
    return speech?.text ? pieceOf(sessionId, speech, this.channels.get(sessionId)?.lastSeq ?? 0) : null;
  }

  /** From now on the watcher hears of the session. It must see for itself what was before. */
  watch(sessionId: string, watcher: Watcher): void {
    const channel = this.channels.get(sessionId) ?? { watchers: new Set(), lastSeq: 0 };
    channel.watchers.add(watcher);
    this.channels.set(sessionId, channel);
  }

  unwatch(sessionId: string, watcher: Watcher): void {
    const channel = this.channels.get(sessionId);
    channel?.watchers.delete(watcher);
    if (channel?.watchers.size === 0) this.channels.delete(sessionId);
  }

  /** The last event that this process has heard of since somebody watches; 0 when none. */
  lastSeq(sessionId: string): number {
    return this.channels.get(sessionId)?.lastSeq ?? 0;
  }

  /** There is nothing more to watch. */
  close(sessionId: string, why: StreamEnd): void {
    for (const watcher of this.channels.get(sessionId)?.watchers ?? []) watcher.end(why);
  }
}

/** Whoever has got it has got everything up to `lastSeq`, and goes on from there. */
function pieceOf(sessionId: string, { turnId, attempt, offset, text }: Speech, lastSeq: number): EventFrame {
  const delta = { turn_id: turnId, attempt, offset, text };
  const cursor = lastSeq > 0 ? String(lastSeq) : '';
  return new EventFrame(sessionId, 'message.delta', JSON.stringify(delta), new Date(), null, cursor, delta);
}
