import fc from 'fast-check';
import type { UpstreamReply } from '../../upstream/upstream-client';
import { SwitchError } from '../switch.errors';
import { parseChat, parseQueue, parseTask } from './vx11-replies';

const reply = (body: unknown, more: Partial<UpstreamReply> = {}): UpstreamReply => ({
  status: 200,
  contentType: 'application/json',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  retryAfterSeconds: null,
  latencyMs: 1,
  ...more,
});

const failureOf = (parse: () => unknown): unknown => {
  try {
    return { no: 'failure', but: parse() };
  } catch (error) {
    return error instanceof SwitchError ? error.code : error;
  }
};

describe(parseChat.name, () => {
  it.each([
    [{ status: 'ok', provider: 'cli', content: 'hola', latency_ms: 0.28 }, 'hola', 'cli', null],
    [{ status: 'ok', provider: 'a', engine_used: 'b', content: 'hola', tokens_used: 1 }, 'hola', 'b', 1],
    [{ status: 'ok', content: '', reply: 'hola' }, 'hola', null, null],
    [{ status: 'ok', content: 7, reply: null, response: 'hola' }, 'hola', null, null],
    [{ status: 'ok', message: 'hola', provider: '', tokens_used: -1 }, 'hola', null, null],
    [{ response: 'hola', engine: 'x' }, 'hola', null, null],
    [{ status: 'ok', content: 'a\0b\ud800c', tokens_used: 1.5 }, 'a\uFFFDb\uFFFDc', null, null],
  ])('finds the text in %j', (body, text, engine, tokens) => {
    expect(parseChat(reply(body))).toEqual({
      text,
      engine,
      servedBy: 'vx11',
      fallbackFrom: [],
      tokens,
      isPartial: false,
      toolCalls: [],
    });
  });

  it('tells a partial answer from a whole one', () => {
    expect(parseChat(reply({ status: 'partial', content: 'ho' }))).toMatchObject({ text: 'ho', isPartial: true });
  });

  it.each([
    [{ status: 'throttled' }, 'switch_throttled'],
    [{ status: 'error', content: 'Error: no provider' }, 'switch_bad_reply'],
    [{ status: 'degraded', content: 'hola' }, 'switch_bad_reply'],
    [{ status: 7, content: 'hola' }, 'switch_bad_reply'],
    [{ status: null, content: 'hola' }, 'switch_bad_reply'],
    [{ status: 'ok', content: '' }, 'switch_bad_reply'],
    [{ status: 'ok', content: ' \n' }, 'switch_bad_reply'],
    [{ status: 'ok', content: { text: 'hola' } }, 'switch_bad_reply'],
    [{ error: 'boom', response: 'hola' }, 'switch_bad_reply'],
    [{}, 'switch_bad_reply'],
    [[{ status: 'ok', content: 'hola' }], 'switch_bad_reply'],
    ['null', 'switch_bad_reply'],
    ['42', 'switch_bad_reply'],
    ['"hola"', 'switch_bad_reply'],
    ['', 'switch_bad_reply'],
    ['<html></html>', 'switch_bad_reply'],
  ])('takes %j for no answer', (body, code) => {
    expect(failureOf(() => parseChat(reply(body)))).toBe(code);
  });

  it.each([
    [401, 'switch_auth_failed'],
    [403, 'switch_auth_failed'],
    [404, 'switch_error'],
    [422, 'switch_error'],
    [429, 'switch_throttled'],
    [500, 'switch_error'],
    [503, 'switch_error'],
    [302, 'switch_bad_reply'],
    [304, 'switch_bad_reply'],
  ])('believes status %i before the text', (status, code) => {
    expect(failureOf(() => parseChat(reply({ status: 'ok', content: 'hola' }, { status })))).toBe(code);
  });

  it('gives a genuine reply or a typed error for any JSON there is', () => {
    fc.assert(
      fc.property(fc.json(), (body) => {
        const outcome = failureOf(() => parseChat(reply(body)));
        if (typeof outcome === 'string') expect(outcome).toMatch(/^switch_/);
        else expect(outcome).toMatchObject({ but: { text: expect.stringMatching(/\S/) } });
      }),
    );
  });
});

describe(parseTask.name, () => {
  it('reads an answer and its place in the queue', () => {
    const body = { status: 'ok', task_type: 't', provider: 'cli', result: { a: 1 }, latency_ms: 174, queue_id: 1 };
    expect(parseTask(reply(body))).toEqual({ status: 'ok', provider: 'cli', result: { a: 1 }, queueId: 1 });
  });

  it('knows a task that waits from one that failed', () => {
    expect(parseTask(reply({ status: 'degraded', state: 'pending', queue_id: 4 }))).toMatchObject({
      status: 'pending',
    });
    expect(failureOf(() => parseTask(reply({ status: 'degraded' })))).toBe('switch_bad_reply');
    expect(failureOf(() => parseTask(reply({ status: 'error', error: 'x', queue_id: 4 })))).toBe('switch_bad_reply');
  });
});

describe(parseQueue.name, () => {
  it('reads the size under the name that Switch gives it', () => {
    const items = [{ priority: 1, payload: { secret: 'x' }, enqueued_at: 17.5, task_id: 'q1' }];
    expect(parseQueue(reply({ size: 1, items }))).toEqual({
      size: 1,
      items: [{ taskId: 'q1', priority: 1, enqueuedAt: '17.5' }],
    });
  });

  it('does not invent one', () => {
    expect(failureOf(() => parseQueue(reply({ queue_size: 0 })))).toBe('switch_bad_reply');
  });

  it('passes on no more than is worth reading, in a form that can be kept', () => {
    const items = Array.from({ length: 3_000 }, () => ({ task_id: `q\0\n${'x'.repeat(500)}` }));
    const { size, items: shown } = parseQueue(reply({ size: 3_000, items }));
    expect([size, shown.length]).toEqual([3_000, 1_000]);
    expect(shown[0]!.taskId).toBe(`q\uFFFD ${'x'.repeat(125)}`);
  });
});
