import type { Config } from '../config/config';
import { TurnQueue } from './turn-queue';

const deferred = () => {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
};
const aQueue = (queue = 100, queuePerSession = 100) => new TurnQueue({ turn: { queue, queuePerSession } } as Config);
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe(TurnQueue.name, () => {
  it('starts a turn when the one before it in the session has ended, however it ended', async () => {
    const queue = aQueue();
    const log: string[] = [];
    const first = deferred();
    const failing = queue.run('a', async () => {
      log.push('first');
      await first.promise;
      throw new Error('first failed');
    });
    const second = queue.run('a', async () => void log.push('second'));
    await settled();
    expect(log).toEqual(['first']);

    first.resolve();
    await expect(failing).rejects.toThrow('first failed');
    await second;
    expect(log).toEqual(['first', 'second']);
  });

  it('tells a turn how long it has waited for those before it', async () => {
    const queue = aQueue();
    const waited = (turn: () => Promise<void>) =>
      queue.run('a', async (waitedMs) => {
        await turn();
        return waitedMs;
      });
    const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
    const [first, second, third] = await Promise.all([
      waited(() => sleep(50)),
      waited(() => sleep(50)),
      waited(() => sleep(0)),
    ]);
    expect(first).toBeLessThan(20);
    expect(second).toBeGreaterThanOrEqual(49);
    expect(third).toBeGreaterThanOrEqual(99);
    expect(third! - second!).toBeLessThan(90);
  });

  it('lets different sessions run at once', async () => {
    const queue = aQueue();
    const first = deferred();
    const waiting = queue.run('a', () => first.promise);
    await queue.run('b', async () => undefined);
    first.resolve();
    await waiting;
  });

  it('knows which sessions are busy, and forgets them', async () => {
    const queue = aQueue();
    const turn = deferred();
    const running = queue.run('a', () => turn.promise);
    expect([queue.isBusy('a'), queue.isBusy('b')]).toEqual([true, false]);
    turn.resolve();
    await running;
    expect(queue.isBusy('a')).toBe(false);
  });

  it('holds no more than it may, in all and in a session', async () => {
    const queue = aQueue(3, 2);
    const turn = deferred();
    const held = [queue.run('a', () => turn.promise), queue.run('a', () => turn.promise)];
    await expect(queue.run('a', async () => undefined)).rejects.toMatchObject({ code: 'queue_full' });
    held.push(queue.run('b', () => turn.promise));
    await expect(queue.run('c', async () => undefined)).rejects.toMatchObject({ code: 'queue_full' });

    turn.resolve();
    await Promise.all(held);
    await queue.run('c', async () => undefined);
  });

  it('closes when what runs has ended, and starts nothing that was only waiting', async () => {
    const queue = aQueue();
    const turn = deferred();
    let isIdle = false;
    const running = queue.run('a', () => turn.promise);
    const waiting = queue.run('a', async () => undefined);
    await settled();
    const closed = queue.close().then(() => (isIdle = true));
    await settled();
    expect(isIdle).toBe(false);
    await expect(queue.run('b', async () => undefined)).rejects.toMatchObject({ code: 'shutting_down' });

    turn.resolve();
    await running;
    await expect(waiting).rejects.toMatchObject({ code: 'shutting_down' });
    await closed;
  });
});
