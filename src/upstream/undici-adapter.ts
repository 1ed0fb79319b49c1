import type { AxiosAdapter, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { Agent, type Dispatcher } from 'undici';
import { UpstreamError } from './upstream.errors';

export interface ConnectionOptions {
  connectTimeoutMs: number;
  /** Sockets kept to one upstream: what waits for a hanging one cannot take those of another. */
  connections: number;
}

/** undici behind axios: keep-alive sockets, no redirects, no proxy, and about a tenth of axios' own cost a call. */
export function undiciAdapter({ connectTimeoutMs, connections }: ConnectionOptions): AxiosAdapter {
  // The caller's deadline rules; undici's own would only get in its way.
  const agent = new Agent({ connections, connect: { timeout: connectTimeoutMs }, headersTimeout: 0, bodyTimeout: 0 });

  return async (config: InternalAxiosRequestConfig): Promise<AxiosResponse<string>> => {
    const { origin, pathname, search } = new URL(config.url!, config.baseURL);
    const { statusCode, headers, body } = await agent.request({
      origin,
      path: pathname + search,
      method: config.method!.toUpperCase() as Dispatcher.HttpMethod,
      headers: config.headers.toJSON() as Record<string, string>,
      body: config.data as string | undefined,
      signal: config.signal as AbortSignal,
    });
    const data = await read(body, config.maxContentLength ?? Infinity);
    return { status: statusCode, statusText: '', headers: headers as Record<string, string>, data, config };
  };
}

/** The whole body as text. Gives up, and closes the socket, as soon as it is larger than it may be. */
async function read(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new UpstreamError('too-large', `The answer has more than ${maxBytes} bytes.`);
      chunks.push(chunk);
    }
  } catch (error) {
    body.destroy();
    if (error instanceof UpstreamError || (error as Error).name === 'AbortError') throw error;
    throw new UpstreamError('unreachable', 'The connection broke off in mid-answer.', { cause: error });
  }
  return Buffer.concat(chunks, bytes).toString('utf8');
}
