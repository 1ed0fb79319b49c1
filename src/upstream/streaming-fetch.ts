import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { asUpstreamError } from './upstream-client';

export interface StreamingFetchOptions {
  connectTimeoutMs: number;
  /** Most of an answer that is no stream of events, in bytes. */
  bodyMaxBytes: number;
  /** The error for more than that. */
  tooLarge: () => Error;
}

export interface StreamingFetch {
  /** @throws UpstreamError, or an `AbortError` when the signal in `init` says so */
  fetch: typeof fetch;
  /** The body of a stream of events; undefined: the response is none, and its body is its own. */
  streamOf(response: Response): Readable | undefined;
  close(): void;
}

/** What a `Response` may not have a body with. */
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * `fetch` for answers that come in pieces over minutes: keep-alive sockets, no redirects, no proxy, and no deadline but
 * the connection's, since only the caller knows how long a silence may be. A stream of events is handed out as Node has
 * it: a web stream around it would cost more than all else on its way.
 */
export function streamingFetch({ connectTimeoutMs, bodyMaxBytes, tooLarge }: StreamingFetchOptions): StreamingFetch {
  const agent = new Agent({ connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 });
  const streams = new WeakMap<Response, Readable>();

  return {
    fetch: async (input, init = {}) => {
      const { method = 'GET', headers, body, signal } = init;
      let answer;
      try {
        answer = await request(String(input instanceof Request ? input.url : input), {
          method: method as 'GET' | 'POST',
          headers: Object.fromEntries(new Headers(headers)),
          body: body as string | undefined,
          signal: signal ?? undefined,
          dispatcher: agent,
        });
      } catch (error) {
        throw signal?.aborted ? error : asUpstreamError(error);
      }
      const meta = { status: answer.statusCode, headers: flat(answer.headers) };
      if (!/^text\/event-stream\b/i.test(meta.headers['content-type'] ?? '')) {
        const text = await bounded(answer.body, bodyMaxBytes, tooLarge);
        return new Response(WITHOUT_BODY.has(meta.status) ? null : text, meta);
      }
      const response = new Response(null, meta);
      streams.set(response, answer.body);
      return response;
    },
    streamOf: (response) => streams.get(response),
    close: () => void agent.destroy(),
  };
}

async function bounded(body: Readable, maxBytes: number, tooLarge: () => Error): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const flat = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]));
