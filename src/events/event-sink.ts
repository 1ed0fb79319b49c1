import type { EventFrame } from './event-frame';
import type { StreamEnd } from './events.types';

/** Where frames go: a connection that may be slower than what happens. */
export interface EventSink {
  /** Takes the frame in any case. False: it has more than enough, until `ready`. */
  send(frame: EventFrame): boolean;
  /** False: it has not taken anything for `timeoutMs`. Resolves at once if nothing waits in it, or it is closed. */
  ready(timeoutMs: number): Promise<boolean>;
  /** Says so, and closes. `why` is null when the client has gone. */
  end(why: StreamEnd | null, last: EventFrame | null): void;
}
