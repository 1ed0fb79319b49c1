import { setImmediate } from 'node:timers/promises';
import type { EventFeed } from './event-feed';
import type { EventFrame } from './event-frame';
import { type EventPosition, positionOf } from './event-position';
import type { EventFilter, EventRepository } from './event.repository';
import { type EventSink, STALLED_MS, sendTogether } from './event-sink';
import type { StreamEnd } from './events.types';

const READ_AT_ONCE = 200;

/** One reader of all sessions: what matches its filter, in the order in which it was stored. */
export class LogFollower {
  private ended: StreamEnd | null = null;

  constructor(
    private readonly feed: EventFeed,
    private readonly events: EventRepository,
    private readonly sink: EventSink,
    private readonly filter: EventFilter,
    private position: EventPosition,
  ) {}

  async run(signal: AbortSignal): Promise<StreamEnd | null> {
    while (!this.ended && !signal.aborted) {
      const changed = this.feed.changed(signal);
      const frames = await this.events.tail(this.position, this.filter, READ_AT_ONCE);
      for (let left = frames; left.length > 0 && !this.ended && !signal.aborted;) {
        left = left.slice(sendTogether(this.sink, left, (frame) => this.show(frame)));
        if (!(await this.sink.ready(STALLED_MS))) this.ended = 'slow_reader';
      }
      // Others have their turn between two pages too.
      if (!this.ended) await (frames.length < READ_AT_ONCE ? changed : setImmediate());
    }
    return signal.aborted ? null : this.ended;
  }

  end(why: StreamEnd): void {
    this.ended ??= why;
    this.feed.wake();
  }

  /** False: the sink has more than enough. */
  private show(frame: EventFrame): boolean {
    this.position = positionOf(frame.cursor)!;
    return this.sink.send(frame);
  }
}
