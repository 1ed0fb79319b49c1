import { Injectable } from '@nestjs/common';
import { EventFrame, type StoredEvent } from './event-frame';
import type { MessageDelta, StreamEnd } from './events.types';

/** Somebody who watches one session. */
export interface Watcher {
  /** An event has been stored. */
  stored(frame: EventFrame): void;
  /** A piece of an answer that is not stored yet. */
  said(frame: EventFrame): void;
  end(why: StreamEnd): void;
}

/** Who gives a session an answer, a piece at a time. */
export interface Speaker {
  /** What has been heard of it and is not stored yet. */
  readonly unstored: MessageDelta;
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
  private readonly speakers = new Map<string, Speaker>();
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

  /** `piece` was said, after all else that `speaker` has not stored yet. */
  say(sessionId: string, piece: MessageDelta, speaker: Speaker): void {
    this.speakers.set(sessionId, speaker);
    const channel = this.channels.get(sessionId);
    if (!channel) return;
    const frame = pieceOf(sessionId, piece, channel.lastSeq);
    for (const watcher of channel.watchers) watcher.said(frame);
  }

  /** Nothing more will be said by `speaker`, and nothing is left to be stored. */
  fallSilent(sessionId: string, speaker: Speaker): void {
    if (this.speakers.get(sessionId) === speaker) this.speakers.delete(sessionId);
  }

  /** What is being said and not stored yet, as one piece; for a watcher who has got everything else. */
  speechIn(sessionId: string): EventFrame | null {
    const unstored = this.speakers.get(sessionId)?.unstored;
    return unstored?.text ? pieceOf(sessionId, unstored, this.lastSeq(sessionId)) : null;
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
function pieceOf(sessionId: string, piece: MessageDelta, lastSeq: number): EventFrame {
  const cursor = lastSeq > 0 ? String(lastSeq) : '';
  return new EventFrame(sessionId, 'message.delta', JSON.stringify(piece), new Date(), null, cursor, piece);
}
