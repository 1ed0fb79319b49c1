import { lookup } from 'node:dns/promises';
import { type Socket, connect } from 'node:net';

/** All addresses of a name. Throws when there are none. */
export type Resolver = (name: string) => Promise<string[]>;

/** What this machine says of a name, its hosts file included. */
export const lookUp: Resolver = async (name) =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

const ADDRESSES_TRIED = 4;

/**
 * Connects to the first of these addresses that answers, and to nothing else: no name is looked up here.
 * `hold` is given each socket before it is connected, and may destroy it.
 */
export async function dial(
  addresses: readonly string[],
  port: number,
  timeoutMs: number,
  hold: (socket: Socket) => void,
): Promise<Socket> {
  const tried = addresses.slice(0, ADDRESSES_TRIED);
  let failure: unknown;
  for (const address of tried) {
    try {
      return await connected(address, port, timeoutMs / tried.length, hold);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function connected(host: string, port: number, timeoutMs: number, hold: (socket: Socket) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // Who has said all may still listen: the two directions end each by itself.
    const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(new Error('The connection took too long.')), timeoutMs);
    // Also for errors after this promise is settled: without a listener they would end the process.
    socket.on('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('The connection was given up.'));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
    hold(socket);
  });
}

/** The promise’s value, or a failure when it takes too long; what comes later is dropped. */
export function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('It took too long.')), timeoutMs).unref();
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
