import type { APIError } from 'openai' with { 'resolution-mode': 'import' };
import { remark } from '../../upstream/foreign-text';
import { UpstreamError } from '../../upstream/upstream.errors';
import {
  type Subject,
  SwitchAuthFailedError,
  SwitchBadReplyError,
  SwitchError,
  SwitchServerError,
  SwitchThrottledError,
} from '../switch.errors';
import { bad } from './openai-chunk';
import { asSwitchError } from './upstream-failure';

const WHO: Subject = 'The model server';
const THROTTLED_S = 5;
const DETAIL_LENGTH = 300;

export interface Failure {
  error: SwitchError;
  /** Whether the same request may do better a little later. */
  isPassing: boolean;
  /** When, if the server says so. */
  retryAfterMs: number | null;
}

/** A stream that ended before the answer did. */
export class BrokenStreamError extends SwitchBadReplyError {
  constructor(cause?: unknown) {
    super('the stream broke off', cause, WHO);
  }
}

/** An error that the server reports in the middle of a stream, where an answer's status has long been sent. */
export class ReportedError extends Error {
  constructor(readonly error: unknown) {
    super('The server reports an error.');
  }
}

/** What the client threw, in the service's own words. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof BrokenStreamError) return { ...lasting(thrown), isPassing: true };
  if (thrown instanceof SwitchError) return lasting(thrown);
  const { status, headers, error, cause } = thrown as Partial<APIError> & { cause?: unknown };
  const upstream = [thrown, cause].find((one) => one instanceof UpstreamError);
  if (upstream) {
    return { error: asSwitchError(upstream, WHO), isPassing: upstream.failure === 'unreachable', retryAfterMs: null };
  }
  const answered = status ?? statusOf(error);
  if (answered) return refusal(answered, headers, detail(error));
  return lasting(new SwitchBadReplyError(error ? 'it reports an error' : 'it cannot be read', detail(error), WHO));
}

/** What the client threw in the middle of a stream. */
export function streamFailureOf(thrown: unknown): unknown {
  // The parser's error quotes what it read, which is nothing for a log.
  if (thrown instanceof SyntaxError) return bad('it is not JSON');
  const isTold = thrown instanceof SwitchError || (thrown as Partial<APIError>).error;
  return isTold ? thrown : new BrokenStreamError(thrown);
}

function refusal(status: number, headers: Headers | undefined, cause: Error | undefined): Failure {
  const retryAfterMs = retryAfter(headers);
  const told = headers?.get('x-should-retry');
  // As the official client decides it.
  const isPassing = told === 'true' || (told !== 'false' && ([408, 409, 429].includes(status) || status >= 500));
  return { error: errorOf(status, retryAfterMs, cause), isPassing, retryAfterMs };
}

function errorOf(status: number, retryAfterMs: number | null, cause: Error | undefined): SwitchError {
  if (status === 401 || status === 403) return new SwitchAuthFailedError(WHO, 'OPENAI_API_KEY');
  if (status === 429) return new SwitchThrottledError(retryAfterMs === null ? THROTTLED_S : retryAfterMs / 1_000, WHO);
  if (status >= 300 && status < 400) return bad('it is a redirect');
  return new SwitchServerError(status, cause, WHO);
}

/** Both forms of `Retry-After`, and the more precise header that goes before it. */
function retryAfter(headers: Headers | undefined): number | null {
  const precise = parseFloat(headers?.get('retry-after-ms') ?? '');
  const header = headers?.get('retry-after') ?? '';
  const coarse = /[a-z]/i.test(header) ? Date.parse(header) - Date.now() : Number(header || NaN) * 1_000;
  const ms = [precise, coarse].find(Number.isFinite);
  return ms === undefined ? null : Math.max(0, ms);
}

/** An error that comes in the middle of a stream has its status, if any, in itself. */
function statusOf(error: unknown): number | undefined {
  const { code, status } = (error ?? {}) as { code?: unknown; status?: unknown };
  return [code, status].map(Number).find((number) => Number.isInteger(number) && number >= 400 && number < 600);
}

/** For the log: what a server says of a request may quote it, so it is short and bare of what looks like a key. */
function detail(error: unknown): Error | undefined {
  const message = typeof error === 'string' ? error : (error as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? new Error(remark(message, DETAIL_LENGTH)) : undefined;
}

const lasting = (error: SwitchError): Failure => ({ error, isPassing: false, retryAfterMs: null });
