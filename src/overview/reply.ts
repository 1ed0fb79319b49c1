import type { UpstreamReply } from '../upstream/upstream-client';
import { UpstreamError, type UpstreamFailure } from '../upstream/upstream.errors';
import type { Failure } from './overview.types';

export type JsonObject = Record<string, unknown>;

/** It answered, but not with what was asked for. The message is a reason in a few words, and quotes nothing. */
export class UnusableReply extends Error {
  readonly failure: Failure;

  constructor(reason: string, { status = 'unknown', isMissing = false }: Partial<Failure> = {}) {
    super(reason);
    this.failure = { reason, status, isMissing };
  }
}

const NO_ANSWER: Record<UpstreamFailure, [status: Failure['status'], reason: string]> = {
  unreachable: ['down', 'unreachable'],
  timeout: ['down', 'timeout'],
  'circuit-open': ['down', 'circuit open: it failed several times in a row'],
  'not-http': ['unknown', 'answered something that is not HTTP'],
  'too-large': ['unknown', 'too large'],
  overloaded: ['unknown', 'too many calls wait for it already'],
  aborted: ['unknown', 'given up'],
  'not-configured': ['not_configured', 'not configured'],
};

/** Why a call gave nothing to go by. Total: whatever was thrown has a reason. */
export function failureOf(error: unknown): Failure {
  if (error instanceof UnusableReply) return error.failure;
  if (!(error instanceof UpstreamError)) return { status: 'unknown', reason: 'cannot be asked', isMissing: false };
  const [status, reason] = NO_ANSWER[error.failure];
  return { status, reason, isMissing: false };
}

/** Whether it is the upstream's doing, and not a fault of ours. */
export const isExpected = (error: unknown): boolean => error instanceof UnusableReply || error instanceof UpstreamError;

/** The JSON object of an answer. @throws UnusableReply which says why there is none in it */
export function readReply({ status, contentType, body }: UpstreamReply): JsonObject {
  if (status === 401 || status === 403) throw new UnusableReply(`token refused (${status})`);
  if (status >= 300 && status < 400) throw new UnusableReply(`redirect (${status})`);
  if (status >= 500) throw new UnusableReply(`answered ${status}`, { status: 'down' });
  if (status >= 400) throw new UnusableReply(`answered ${status}`, { isMissing: status === 404 });
  const value = parse(body);
  if (isObject(value)) return value;
  if (value !== undefined) throw new UnusableReply(`answered ${nameOf(value)}, not a JSON object`);
  const isHtml = /html/i.test(contentType) || /^\s*</.test(body);
  throw new UnusableReply(isHtml ? 'answered HTML, not JSON' : 'did not answer JSON');
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

const nameOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
