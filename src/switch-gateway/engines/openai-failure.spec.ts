import { UpstreamError } from '../../upstream/upstream.errors';
import { SwitchBadReplyError } from '../switch.errors';
import { BrokenStreamError, failureOf, streamFailureOf } from './openai-failure';

const answered = (status: number, headers: Record<string, string> = {}, error: unknown = undefined) =>
  Object.assign(new Error(`${status}`), { status, headers: new Headers(headers), error });
const reduced = (thrown: unknown) => {
  const { error, isPassing, retryAfterMs } = failureOf(thrown);
  return [error.code, isPassing, retryAfterMs];
};

describe(failureOf.name, () => {
  it.each<[number, Record<string, string>, string, boolean, number | null]>([
    [400, {}, 'switch_error', false, null],
    [401, {}, 'switch_auth_failed', false, null],
    [403, {}, 'switch_auth_failed', false, null],
    [404, {}, 'switch_error', false, null],
    [408, {}, 'switch_error', true, null],
    [409, {}, 'switch_error', true, null],
    [429, {}, 'switch_throttled', true, null],
    [429, { 'retry-after': '2' }, 'switch_throttled', true, 2_000],
    [429, { 'retry-after': '2', 'retry-after-ms': '150' }, 'switch_throttled', true, 150],
    [429, { 'retry-after': '-2' }, 'switch_throttled', true, 0],
    [429, { 'retry-after': 'soon' }, 'switch_throttled', true, null],
    [429, { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 'switch_throttled', true, 0],
    [429, { 'x-should-retry': 'false' }, 'switch_throttled', false, null],
    [500, {}, 'switch_error', true, null],
    [503, { 'retry-after': '1' }, 'switch_error', true, 1_000],
    [400, { 'x-should-retry': 'true' }, 'switch_error', true, null],
    [307, {}, 'switch_bad_reply', false, null],
  ])('status %i with %j: %s, passing %p, in %p ms', (status, headers, ...expected) => {
    expect(reduced(answered(status, headers))).toEqual(expected);
  });

  it('reads a date as the time until then', () => {
    const { retryAfterMs } = failureOf(answered(429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }));
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it.each([
    ['unreachable', 'switch_unavailable', true],
    ['timeout', 'switch_timeout', false],
    ['not-http', 'switch_bad_reply', false],
  ] as const)('a connection that is %s: %s, passing %p', (failure, code, isPassing) => {
    const thrown = new Error('Connection error.', { cause: new UpstreamError(failure, 'x') });
    expect(reduced(thrown)).toEqual([code, isPassing, null]);
  });

  it('shows of an error what is short and no secret, and to the log alone', () => {
    const detail = { message: `No.\nSee token sk-0123456789abcdefgh ${'x'.repeat(1_000)}` };
    const { error } = failureOf(answered(400, {}, detail));
    expect(error.message).toBe('The model server answered with status 400.');
    expect((error.cause as Error).message).toMatch(/^No\. See token … x+$/);
    expect((error.cause as Error).message).toHaveLength(300);
    expect(failureOf(answered(401, {}, detail)).error.cause).toBeUndefined();
  });

  it.each([
    [{ message: 'x', code: 503 }, 'switch_error', true],
    [{ message: 'x', code: '429' }, 'switch_throttled', true],
    [{ message: 'x', code: 'context_length_exceeded' }, 'switch_bad_reply', false],
    ['x', 'switch_bad_reply', false],
  ])('an error in a stream, %j: %s, passing %p', (error, code, isPassing) => {
    expect(reduced(streamFailureOf(Object.assign(new Error('x'), { error })))).toEqual([code, isPassing, null]);
  });
});

describe(streamFailureOf.name, () => {
  it('tells what cannot be read from a stream that broke', () => {
    expect(reduced(streamFailureOf(new SyntaxError('Unexpected token s, "secret"')))).toEqual([
      'switch_bad_reply',
      false,
      null,
    ]);
    expect(reduced(streamFailureOf(new TypeError('terminated')))).toEqual(['switch_bad_reply', true, null]);
    expect(streamFailureOf(new TypeError('terminated'))).toBeInstanceOf(BrokenStreamError);
  });

  it('leaves what is said already', () => {
    const said = new SwitchBadReplyError('it is too large');
    expect(streamFailureOf(said)).toBe(said);
  });
});
