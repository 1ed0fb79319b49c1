import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-node';
import { SpanQueue } from './span-queue';

const aSpan = (traceFlags = 1) => ({ spanContext: () => ({ traceFlags }) }) as ReadableSpan;
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe(SpanQueue, () => {
  let batches: number[];
  let answers: ((result: { code: number; error?: Error }) => void)[];
  let exported: number;
  let dropped: Record<string, number>;
  beforeEach(() => {
    batches = [];
    answers = [];
    exported = 0;
    dropped = {};
  });

  const exporter: SpanExporter = {
    export: (spans, answer) => {
      batches.push(spans.length);
      answers.push(answer);
    },
    shutdown: async () => undefined,
  };
  const aQueue = (options = {}) =>
    new SpanQueue(
      exporter,
      { max: 10, batch: 4, delayMs: 10, shutdownMs: 50, ...options },
      {
        exported: (spans) => void (exported += spans),
        dropped: (spans, reason) => void (dropped[reason] = (dropped[reason] ?? 0) + spans),
      },
    );
  const end = (queue: SpanQueue, spans: number) => {
    for (let n = 0; n < spans; n++) queue.onEnd(aSpan());
  };
  const answer = async (code: number) => {
    answers.shift()!({ code });
    await settled();
  };

  it('sends full batches at once, one after the other, and the rest after a while', async () => {
    const queue = aQueue();
    end(queue, 9);
    expect(batches).toEqual([4]);
    await answer(0);
    expect(batches).toEqual([4, 4]);
    await answer(0);
    expect(batches).toEqual([4, 4, 1]);
    await answer(0);
    expect(exported).toBe(9);

    end(queue, 2);
    expect(batches).toHaveLength(3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(batches).toEqual([4, 4, 1, 2]);
  });

  it('keeps no more than it may, those under way included, and counts the others', async () => {
    const queue = aQueue();
    end(queue, 100);
    expect(batches).toEqual([4]);
    expect(dropped).toEqual({ queue_full: 90 });
    await answer(0);
    expect(exported).toBe(4);
    end(queue, 100);
    expect(dropped).toEqual({ queue_full: 186 });
  });

  it('counts what the collector does not take, and goes on', async () => {
    const queue = aQueue();
    end(queue, 8);
    await answer(1);
    await answer(0);
    expect([exported, dropped]).toEqual([4, { export_failed: 4 }]);
  });

  it('takes no notice of spans that nobody samples', () => {
    const queue = aQueue({ max: 0 });
    queue.onEnd(aSpan(0));
    expect(dropped).toEqual({});
  });

  it('sends what is left when it is shut down', async () => {
    const queue = aQueue();
    end(queue, 3);
    const stopping = queue.shutdown();
    await answer(0);
    await stopping;
    expect([exported, dropped]).toEqual([3, {}]);
    end(queue, 1);
    expect(dropped).toEqual({ queue_full: 1 });
  });

  it('does not wait for ever for a collector that hangs, and counts each span once', async () => {
    const queue = aQueue();
    end(queue, 6);
    const from = performance.now();
    await queue.shutdown();
    expect(performance.now() - from).toBeLessThan(500);
    expect(dropped).toEqual({ export_failed: 6 });
    await answer(0);
    expect([exported, dropped, batches]).toEqual([0, { export_failed: 6 }, [4]]);
  });
});
