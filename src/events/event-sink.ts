import type { Writable } from 'node:stream';
import type { EventFrame } from './event-frame';
import type { StreamEnd } from './events.types';

/** What may wait in a connection, in bytes, before its reader counts as slow. */
export const BUFFER_MAX = 256 * 1024;
/** How long a slow reader is waited for. */
export const STALLED_MS = 10_000;
/** For a reader that does not even take the end. */
export const LAST_BYTES_MS = 5_000;

/** Where frames go: a connection that may be slower than what happens. */
export interface EventSink {
  /** Takes the frame in any case. False: it has more than enough, until `ready`. */
  send(frame: EventFrame): boolean;
  /** What is sent by `send` may leave in one piece. */
  together(send: () => void): void;
  /** False: it has not taken anything for `timeoutMs`. Resolves at once if nothing waits in it, or it is closed. */
  ready(timeoutMs: number): Promise<boolean>;
  /** Says so, and closes. `why` is null when the client has gone. */
  end(why: StreamEnd | null, last: EventFrame | null): void;
}

/** Sends frames in one piece, for as long as `send` is true of them. Returns how many. */
export function sendTogether(sink: EventSink, frames: EventFrame[], send: (frame: EventFrame) => boolean): number {
  let sent = 0;
  sink.together(() => {
    while (sent < frames.length && send(frames[sent++]!));
  });
  return sent;
}

/** What `write` writes to the connection leaves in one piece. */
export function corked(connection: Writable, write: () => void): void {
  connection.cork();
  try {
    write();
  } finally {
    connection.uncork();
  }
}

/** Whether a connection takes more within `timeoutMs`, or is closed, with which there is nothing to wait for. */
export function drained(connection: Pick<Writable, 'once' | 'off'>, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isReady: boolean) => {
      clearTimeout(timer);
      connection.off('drain', takesMore);
      connection.off('close', takesMore);
      resolve(isReady);
    };
    const takesMore = () => settle(true);
    const timer = setTimeout(() => settle(false), timeoutMs);
    connection.once('drain', takesMore);
    connection.once('close', takesMore);
  });
}
