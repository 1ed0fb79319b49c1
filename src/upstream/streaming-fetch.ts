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
  close(): void;
}

/**
 * `fetch` for answers that come in pieces over minutes: keep-alive sockets, no redirects, no proxy, and no deadline but
 * the connection's, since only the caller knows how long a silence may be.
 */
export function streamingFetch({ connectTimeoutMs, eventMaxBytes, tooLarge }: StreamingFetchOptions): StreamingFetch {
  const agent = new Agent({ connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 });
  const send = undiciFetch as unknown as (input: unknown, init: unknown) => Promise<Response>;

  return {
    fetch: async (input, init) => {
      let response: Response;
      try {
        response = await send(input, { ...init, dispatcher: agent, redirect: 'manual' });
      } catch (error) {
        throw init?.signal?.aborted ? error : asUpstreamError(error);
      }
      if (!response.body) return response;
      const meter = new Meter(eventMaxBytes, tooLarge);
      return isStream(response) ? inPieces(response, meter) : asAWhole(response, meter);
    },
    close: () => void agent.destroy(),
  };
}

/** How much has come of a body without an end of an event. */
class Meter {
  private pending = 0;

  constructor(
    private readonly eventMaxBytes: number,
    private readonly tooLarge: () => Error,
  ) {}

  /** Throws when it is more than anybody would take. */
  count(bytes: Uint8Array): Uint8Array {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const ended = Math.max(chunk.lastIndexOf('\n\n'), chunk.lastIndexOf('\r\n\r\n'));
    this.pending = ended < 0 ? this.pending + chunk.length : chunk.length - ended;
    if (this.pending > this.eventMaxBytes) throw this.tooLarge();
    return bytes;
  }
}

const isStream = ({ headers }: Response): boolean => /^text\/event-stream\b/i.test(headers.get('content-type') ?? '');

/** Whoever reads a stream iterates over it: a second stream around it would cost more than all else on the way. */
function inPieces(response: Response, meter: Meter): Response {
  const body = response.body! as unknown as AsyncIterable<Uint8Array>;
  async function* metered(): AsyncGenerator<Uint8Array> {
    for await (const bytes of body) yield meter.count(bytes);
  }
  return Object.defineProperty(response, 'body', { value: metered() });
}

function asAWhole(response: Response, meter: Meter): Response {
  const { status, statusText, headers } = response;
  const metered = new TransformStream<Uint8Array, Uint8Array>({
    transform: (bytes, controller) => controller.enqueue(meter.count(bytes)),
  });
  return new Response(response.body!.pipeThrough(metered), { status, statusText, headers });
}
