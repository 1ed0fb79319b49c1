import { Agent, fetch as undiciFetch } from 'undici';
import { asUpstreamError } from './upstream-client';

export interface StreamingFetchOptions {
  connectTimeoutMs: number;
  /** Most that may come without an empty line, which is where an event of a stream ends. */
  eventMaxBytes: number;
  /** The error with which more than that ends the body. */
  tooLarge: () => Error;
}

export interface StreamingFetch {
  /** @throws UpstreamError, or an `AbortError` when the signal in `init` says so */
  fetch: typeof fetch;
  /** Whether the body, as far as it was read, ends with an event that says just this. */
  endsWith(response: Response, data: string): boolean;
  close(): void;
}

/** Longest end of a body that is remembered. */
const TAIL_BYTES = 64;

/**
 * `fetch` for answers that come in pieces over minutes: keep-alive sockets, no redirects, no proxy, and no deadline but
 * the connection's, since only the caller knows how long a silence may be.
 */
export function streamingFetch({ connectTimeoutMs, eventMaxBytes, tooLarge }: StreamingFetchOptions): StreamingFetch {
  const agent = new Agent({ connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 });
  const send = undiciFetch as unknown as (input: unknown, init: unknown) => Promise<Response>;
  const tails = new WeakMap<Response, { text: string }>();

  return {
    fetch: async (input, init) => {
      let response: Response;
      try {
        response = await send(input, { ...init, dispatcher: agent, redirect: 'manual' });
      } catch (error) {
        throw init?.signal?.aborted ? error : asUpstreamError(error);
      }
      if (!response.body) return response;

      const tail = { text: '' };
      let pending = 0;
      const meter = new TransformStream<Uint8Array, Uint8Array>({
        transform(bytes, controller) {
          const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
          const ended = Math.max(chunk.lastIndexOf('\n\n'), chunk.lastIndexOf('\r\n\r\n'));
          pending = ended < 0 ? pending + chunk.length : chunk.length - ended;
          if (pending > eventMaxBytes) return controller.error(tooLarge());
          tail.text = (tail.text + chunk.toString('latin1', Math.max(0, chunk.length - TAIL_BYTES))).slice(-TAIL_BYTES);
          controller.enqueue(bytes);
        },
      });
      const { status, statusText, headers } = response;
      const metered = new Response(response.body.pipeThrough(meter), { status, statusText, headers });
      tails.set(metered, tail);
      return metered;
    },
    endsWith: (response, data) => {
      const last =
        tails
          .get(response)
          ?.text.trimEnd()
          .split(/[\r\n]/)
          .at(-1) ?? '';
      return last.startsWith('data:') && last.slice('data:'.length).trim() === data;
    },
    close: () => void agent.destroy(),
  };
}
