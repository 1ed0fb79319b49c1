import type { HttpService } from '@nestjs/axios';
import { SpanKind } from '@opentelemetry/api';
import type { AxiosAdapter } from 'axios';
import { type BulkheadPolicy, bulkhead, isBulkheadRejectedError } from 'cockatiel';
import { type Tracing, failed } from '../common/tracing/tracing.service';
import { Breaker, type BreakerOptions, type BreakerState } from './breaker';
import { UpstreamError } from './upstream.errors';

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
  /** Its failure says nothing about the upstream, and does not open the circuit. */
  isAside?: boolean;
}

/** Whatever the upstream answered, of any status, not looked into. */
export interface UpstreamReply {
  status: number;
  contentType: string;
  body: string;
  retryAfterSeconds: number | null;
  latencyMs: number;
}

export interface UpstreamOptions {
  name: string;
  /** Null: not configured. */
  url: string | null;
  token: string | null;
  timeoutMs: number;
  /** Calls under way and waiting at once; more are refused. What hangs here cannot take from another upstream. */
  callsMax: number;
  breaker: BreakerOptions;
}

/** Told of every call, for metrics. `outcome`: the status class of the answer, or why there is none. */
export type UpstreamObserver = (outcome: string, seconds: number) => void;

const PROBE: UpstreamRequest = { method: 'GET', path: '/health', timeoutMs: 1_000 };

/**
 * JSON over HTTP to one upstream, with its token, a deadline, a size limit, a bound on calls at once and a circuit
 * breaker. Redirects are answers, not followed.
 */
export class UpstreamClient {
  private readonly headers: Record<string, string>;
  private readonly breaker: Breaker;
  private readonly bulkhead: BulkheadPolicy;

  constructor(
    private readonly http: HttpService,
    private readonly upstream: UpstreamOptions,
    private readonly observe: UpstreamObserver,
    private readonly adapter: AxiosAdapter,
    private readonly tracing: Tracing,
  ) {
    this.headers = {
      accept: 'application/json',
      'content-type': 'application/json',
      ...(upstream.token && { 'x-vx11-token': upstream.token }),
    };
    this.breaker = new Breaker(upstream.name, upstream.breaker, () => this.exchange(PROBE));
    this.bulkhead = bulkhead(upstream.callsMax);
  }

  get isConfigured(): boolean {
    return this.upstream.url !== null;
  }

  get circuit(): BreakerState {
    return this.breaker.state;
  }

  /** @throws UpstreamError */
  async request(request: UpstreamRequest): Promise<UpstreamReply> {
    if (!this.isConfigured) throw new UpstreamError('not-configured', 'Nobody said where it is.');
    const startedAt = performance.now();
    try {
      const reply = await this.admit(request);
      this.observe(`${Math.floor(reply.status / 100)}xx`, (performance.now() - startedAt) / 1_000);
      return reply;
    } catch (error) {
      const failure = error instanceof UpstreamError ? error.failure : 'error';
      this.observe(failure, (performance.now() - startedAt) / 1_000);
      throw error;
    }
  }

  close(): void {
    this.breaker.close();
  }

  private async admit(request: UpstreamRequest): Promise<UpstreamReply> {
    try {
      return await this.bulkhead.execute(() => this.breaker.run(() => this.call(request), request.isAside));
    } catch (error) {
      if (!isBulkheadRejectedError(error)) throw error;
      throw new UpstreamError('overloaded', 'Too many calls wait for it already.');
    }
  }

  /** One call, which tells the upstream whose trace it is part of. What Operator asks by itself is part of none. */
  private call(request: UpstreamRequest): Promise<UpstreamReply> {
    if (!this.tracing.isOn) return this.exchange(request);
    const { method, path } = request;
    const url = new URL(this.upstream.url + path);
    const attributes = {
      'http.request.method': method,
      'url.full': url.href,
      'server.address': url.hostname,
      'server.port': Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
      'operator.upstream': this.upstream.name,
    };
    return this.tracing.part(`${method} ${this.upstream.name}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const reply = await this.exchange(request, this.tracing.headers(span));
      span.setAttribute('http.response.status_code', reply.status);
      if (reply.status >= 400) failed(span, String(reply.status));
      return reply;
    });
  }

  private async exchange(
    { method, path, body, timeoutMs = this.upstream.timeoutMs, signal }: UpstreamRequest,
    headers: Record<string, string> = {},
  ): Promise<UpstreamReply> {
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
          adapter: this.adapter,
          method,
          url: this.upstream.url + path,
          data,
          headers: { ...this.headers, ...headers },
          signal: abort.signal,
        });
      // Once more if the connection failed before anything came back: a kept-alive socket may just have been closed.
      const {
        status,
        headers: answered,
        data: text,
      } = await send().catch((error: unknown) => {
        if (isFinal(error) || abort.signal.aborted) throw error;
        return send();
      });
      return {
        status,
        contentType: String(answered['content-type'] ?? ''),
        body: text,
        retryAfterSeconds: /^\d+$/.test(String(answered['retry-after'])) ? Number(answered['retry-after']) : null,
        latencyMs: Math.round(performance.now() - startedAt),
      };
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : asUpstreamError(error);
    } finally {
      clearTimeout(deadline);
      signal?.removeEventListener('abort', giveUp);
    }
  }
}

/** Whether bytes came back, or the trouble is none of the connection's. */
const isFinal = (error: unknown): boolean => error instanceof UpstreamError || !CONNECTION_FAILED.test(codeOf(error));

/** What a connection that failed says of the upstream. */
export function asUpstreamError(error: unknown): UpstreamError {
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
