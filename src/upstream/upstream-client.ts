import type { HttpModuleOptions, HttpService } from '@nestjs/axios';
import { type ConnectionOptions, undiciAdapter } from './undici-adapter';
import { UpstreamError } from './upstream.errors';

const REPLY_MAX_BYTES = 1024 * 1024;
const CONNECTION_FAILED =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_SOCKET)$/;
const CONNECT_TIMEOUT = /^(UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/;

export interface UpstreamRequest {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  /** Longest the call may take in all. Default: the upstream's. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** Whatever the upstream answered, of any status, not looked into. */
export interface UpstreamReply {
  status: number;
  contentType: string;
  body: string;
  retryAfterSeconds: number | null;
  latencyMs: number;
}

/** How an `HttpModule` is to be registered for `UpstreamClient`. */
export const upstreamHttp = (options: ConnectionOptions): HttpModuleOptions => ({
  adapter: undiciAdapter(options),
  maxContentLength: REPLY_MAX_BYTES,
  transformRequest: (body: unknown) => body,
  transformResponse: (body: unknown) => body,
  validateStatus: () => true,
});

/** JSON over HTTP to one upstream, with its token, a deadline and a size limit. Redirects are answers, not followed. */
export class UpstreamClient {
  private readonly headers: Record<string, string>;

  constructor(
    private readonly http: HttpService,
    private readonly upstream: { url: string; token: string | null; timeoutMs: number },
  ) {
    this.headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      ...(upstream.token && { 'x-vx11-token': upstream.token }),
    };
  }

  /** @throws UpstreamError */
  async request({
    method,
    path,
    body,
    timeoutMs = this.upstream.timeoutMs,
    signal,
  }: UpstreamRequest): Promise<UpstreamReply> {
    const startedAt = performance.now();
    const abort = new AbortController();
    const deadline = setTimeout(() => abort.abort(new UpstreamError('timeout', 'The deadline passed.')), timeoutMs);
    const giveUp = () => abort.abort(new UpstreamError('aborted', 'The caller gave up.'));
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });

    try {
      const data = body === undefined ? undefined : JSON.stringify(body);
      const send = () =>
        this.http.axiosRef.request<string>({
          method,
          url: this.upstream.url + path,
          data,
          headers: this.headers,
          signal: abort.signal,
        });
      // Once more if the connection failed before anything came back: a kept-alive socket may just have been closed.
      const {
        status,
        headers,
        data: text,
      } = await send().catch((error: unknown) => {
        if (isFinal(error) || abort.signal.aborted) throw error;
        return send();
      });
      return {
        status,
        contentType: String(headers['content-type'] ?? ''),
        body: text,
        retryAfterSeconds: /^\d+$/.test(String(headers['retry-after'])) ? Number(headers['retry-after']) : null,
        latencyMs: Math.round(performance.now() - startedAt),
      };
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : describe(error);
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', giveUp);
    }
  }
}

/** Whether bytes came back, or the trouble is none of the connection's. */
const isFinal = (error: unknown): boolean => error instanceof UpstreamError || !CONNECTION_FAILED.test(codeOf(error));

function describe(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error;
  const code = codeOf(error);
  if (CONNECTION_FAILED.test(code))
    return new UpstreamError('unreachable', `No connection (${code}).`, { cause: error });
  if (CONNECT_TIMEOUT.test(code)) return new UpstreamError('timeout', 'No connection in time.', { cause: error });
  return new UpstreamError('not-http', 'The answer is not HTTP.', { cause: error });
}

/** The system's code of a failed connection, also behind a host with several addresses. */
function codeOf(error: unknown): string {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === 'string') return code;
  return cause || errors?.length ? codeOf(cause ?? errors?.[0]) : '';
}
