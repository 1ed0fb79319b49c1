import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { EventFrame } from '../../events/event-frame';
import { BUFFER_MAX, type EventSink, LAST_BYTES_MS, corked, drained } from '../../events/event-sink';
import type { StreamEnd } from '../../events/events.types';

const CLOSE_CODES: Record<StreamEnd, number> = {
  turn_ended: 1000,
  session_erased: 1000,
  shutting_down: 1001,
  slow_reader: 1008,
};

/** Frames on a WebSocket. */
export class SocketSink implements EventSink {
  constructor(
    private readonly socket: WebSocket,
    private readonly connection: Duplex,
  ) {}

  send(frame: EventFrame): boolean {
    if (this.socket.readyState !== this.socket.OPEN) return true;
    this.socket.send(frame.json);
    return this.socket.bufferedAmount < BUFFER_MAX;
  }

  together(send: () => void): void {
    corked(this.connection, send);
  }

  ready(timeoutMs: number): Promise<boolean> {
    const { socket, connection } = this;
    if (socket.readyState !== socket.OPEN || socket.bufferedAmount < BUFFER_MAX) return Promise.resolve(true);
    return drained(connection, timeoutMs);
  }

  end(why: StreamEnd | null, last: EventFrame | null): void {
    const { socket, connection } = this;
    if (why === null) return void socket.terminate();
    if (last) this.send(last);
    socket.close(CLOSE_CODES[why], why);
    const timer = setTimeout(() => socket.terminate(), LAST_BYTES_MS).unref();
    connection.once('close', () => clearTimeout(timer));
  }
}
