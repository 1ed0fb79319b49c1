import type { Writable } from 'node:stream';
import type { Response } from 'express';
import type { EventFrame } from './event-frame';
import { BUFFER_MAX, type EventSink, LAST_BYTES_MS, corked, drained } from './event-sink';
import type { StreamEnd } from './events.types';

/** More than proxies collect before they pass anything on. */
const PADDING = `: ${' '.repeat(4_096)}\n`;
/** When a browser comes again after a connection broke. */
const RETRY = 'retry: 1000\n\n';

/** Server-sent events on an HTTP response. Nothing is sent before it is made: until then a failure has a status. */
export class SseSink implements EventSink {
  /**
   * Nothing is framed, so the response would do nothing for an event but hold it back for a tick. It has no socket yet
   * when the client still waits for the answer to an earlier request.
   */
  private readonly connection: Writable;

  constructor(private readonly response: Response) {
    // It ends with the connection: nothing has to be wrapped into chunks, three writes for every one.
    response.useChunkedEncodingByDefault = false;
    response
      .status(200)
      .set({
        'Content-Type': 'text/event-stream; charset=utf-8',
        'Cache-Control': 'no-cache, no-transform',
        'X-Accel-Buffering': 'no',
        Connection: 'close',
      })
      .write(PADDING + RETRY);
    response.socket?.setNoDelay(true);
    this.connection = response.socket ?? response;
  }

  send(frame: EventFrame): boolean {
    const { connection, response } = this;
    if (response.destroyed || !connection.writable) return true;
    return connection.write(frame.sse) || connection.writableLength < BUFFER_MAX;
  }

  together(send: () => void): void {
    corked(this.connection, send);
  }

  ready(timeoutMs: number): Promise<boolean> {
    const { connection, response } = this;
    const takesMore = connection.writableLength < BUFFER_MAX;
    if (takesMore || response.destroyed || !connection.writable) return Promise.resolve(true);
    return drained(connection, timeoutMs);
  }

  end(why: StreamEnd | null, last: EventFrame | null): void {
    const { response } = this;
    if (why === null || response.destroyed) return void response.destroy();
    if (last) response.write(last.sse);
    response.end();
    const timer = setTimeout(() => response.destroy(), LAST_BYTES_MS).unref();
    response.once('close', () => clearTimeout(timer));
  }
}
