import type { IncomingMessage } from 'node:http';
import { parseHost } from '../../config/host-pattern';
import type { Target } from './host-rules';

/** What a request to the proxy asks for. `path` and `authority` are for the request that goes on, if it is not a tunnel. */
export interface ProxyRequest extends Target {
  authority: string;
  path: string;
}

/** Reads `host:port`, as CONNECT has it. */
export function tunnelTarget(authority: string): Target | null {
  const [, name, digits] = /^(.+):(\d{1,5})$/.exec(authority) ?? [];
  const host = name === undefined ? null : parseHost(name);
  const port = Number(digits);
  return host && port >= 1 && port <= 65_535 ? { host, port } : null;
}

/** Reads `http://host[:port]/path`. Everything else has no business here: https comes as a tunnel. */
export function absoluteTarget(text: string): ProxyRequest | null {
  if (!/^http:\/\/[^/]/i.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  const host = parseHost(url.hostname);
  if (!host || url.username || url.password) return null;
  return { host, port: Number(url.port || 80), authority: url.host, path: url.pathname + url.search };
}

/**
 * Whether two servers could read different requests in it. What Node's parser refuses does not get this far. HTTP/1.0
 * has no chunks; an answer to it would end with the connection, so that half of it looked whole.
 */
export function isAmbiguous({ httpVersion, rawHeaders, headers }: IncomingMessage): boolean {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const count = (name: string) => names.filter((one) => one === name).length;
  const coding = headers['transfer-encoding'];
  return (
    httpVersion !== '1.1' ||
    count('host') > 1 ||
    count('content-length') + count('transfer-encoding') > 1 ||
    (coding !== undefined && coding.toLowerCase() !== 'chunked')
  );
}

export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Name, value, name, value …: all that is meant for the other end, and nothing that was for the proxy. */
export function endToEnd({ rawHeaders, headers }: IncomingMessage, without: string[] = []): string[] {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named, ...without]);
  // A message's length is between the two who speak: naming it in `Connection` would change where it ends.
  dropped.delete('content-length');
  return rawHeaders.filter((_, index) => !dropped.has(rawHeaders[index - (index % 2)]!.toLowerCase()));
}
