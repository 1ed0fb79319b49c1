import fc from 'fast-check';
import type { UpstreamReply } from '../upstream/upstream-client';
import { UpstreamError, type UpstreamFailure } from '../upstream/upstream.errors';
import { UnusableReply, failureOf, isExpected, readReply } from './reply';

const reply = (body: string, { status = 200, contentType = 'application/json' } = {}): UpstreamReply => ({
  status,
  contentType,
  body,
  retryAfterSeconds: null,
  latencyMs: 1,
});

function outcome(of: UpstreamReply): unknown {
  try {
    return readReply(of);
  } catch (error) {
    const { status, reason, isMissing } = failureOf(error);
    return [status, reason, ...(isMissing ? ['missing'] : [])];
  }
}

describe(readReply.name, () => {
  it('hands out the object there is', () => {
    expect(outcome(reply('{"status":"ok"}'))).toEqual({ status: 'ok' });
    expect(outcome(reply('{"status":"ok"}', { status: 201, contentType: 'text/plain' }))).toEqual({ status: 'ok' });
  });

  it.each([
    [401, '{"detail":"auth_required"}', ['unknown', 'token refused (401)']],
    [403, '{"error":"forbidden","status_code":403}', ['unknown', 'token refused (403)']],
    [302, '', ['unknown', 'redirect (302)']],
    [404, '{"detail":"Not Found"}', ['unknown', 'answered 404', 'missing']],
    [422, '{"detail":[]}', ['unknown', 'answered 422']],
    [500, 'Internal Server Error', ['down', 'answered 500']],
    [503, '{"status":"ok"}', ['down', 'answered 503']],
    [200, '[]', ['unknown', 'answered a list, not a JSON object']],
    [200, 'null', ['unknown', 'answered null, not a JSON object']],
    [200, '42', ['unknown', 'answered a number, not a JSON object']],
    [200, '"ok"', ['unknown', 'answered a string, not a JSON object']],
    [200, 'true', ['unknown', 'answered a boolean, not a JSON object']],
    [200, ' <!doctype html>', ['unknown', 'answered HTML, not JSON']],
    [200, '', ['unknown', 'did not answer JSON']],
    [200, '{"status":"ok"', ['unknown', 'did not answer JSON']],
    [200, '['.repeat(1_000_000), ['unknown', 'did not answer JSON']],
  ])('says of %i %.40s why it is of no use', (status, body, expected) => {
    expect(outcome(reply(body, { status }))).toEqual(expected);
  });

  it('knows HTML by its type, too', () => {
    expect(outcome(reply('Welcome', { contentType: 'text/html' }))).toEqual(['unknown', 'answered HTML, not JSON']);
  });

  it('gives an object or a reason for whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.integer({ min: 200, max: 599 }), (body, status) => {
        expect(outcome(reply(body, { status }))).toEqual(expect.any(Object));
      }),
    );
  });
});

describe(failureOf.name, () => {
  it.each<[UpstreamFailure, string, string]>([
    ['unreachable', 'down', 'unreachable'],
    ['timeout', 'down', 'timeout'],
    ['circuit-open', 'down', 'circuit open: it failed several times in a row'],
    ['not-http', 'unknown', 'answered something that is not HTTP'],
    ['too-large', 'unknown', 'too large'],
    ['overloaded', 'unknown', 'too many calls wait for it already'],
    ['aborted', 'unknown', 'given up'],
    ['not-configured', 'not_configured', 'not configured'],
  ])('takes %s for %s', (failure, status, reason) => {
    const error = new UpstreamError(failure, 'secret');
    expect(failureOf(error)).toEqual({ status, reason, isMissing: false });
    expect(isExpected(error)).toBe(true);
  });

  it.each([new TypeError('secret'), 'secret', null, undefined])('tells nothing of %p', (error) => {
    expect(failureOf(error)).toEqual({ status: 'unknown', reason: 'cannot be asked', isMissing: false });
    expect(isExpected(error)).toBe(false);
  });

  it('repeats the reason that a reading of the answer gave', () => {
    expect(failureOf(new UnusableReply('answered without projects'))).toMatchObject({
      reason: 'answered without projects',
    });
  });
});
