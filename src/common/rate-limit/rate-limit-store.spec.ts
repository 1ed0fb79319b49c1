import { RateLimitStore } from './rate-limit-store';

const WINDOW_MS = 10_000;

describe(RateLimitStore, () => {
  let now: number;
  const aStore = (keysMax?: number) => new RateLimitStore(keysMax, () => now);
  const hit = (store: RateLimitStore, key = 'a', limit = 2) => store.increment(key, WINDOW_MS, limit);
  beforeEach(() => void (now = 1_000));

  it('counts up to the limit, then blocks until the window ends', async () => {
    const store = aStore();
    expect(await hit(store)).toEqual({ totalHits: 1, timeToExpire: 10, isBlocked: false, timeToBlockExpire: 0 });
    now += 4_000;
    expect(await hit(store)).toEqual({ totalHits: 2, timeToExpire: 6, isBlocked: false, timeToBlockExpire: 0 });
    now += 500;
    expect(await hit(store)).toEqual({ totalHits: 2, timeToExpire: 6, isBlocked: true, timeToBlockExpire: 6 });
    now += 5_499;
    expect(await hit(store)).toEqual({ totalHits: 2, timeToExpire: 1, isBlocked: true, timeToBlockExpire: 1 });
    now += 1;
    expect(await hit(store)).toEqual({ totalHits: 1, timeToExpire: 10, isBlocked: false, timeToBlockExpire: 0 });
  });

  it('promises no more seconds than the window has, on a clock with fractions', async () => {
    // Adding the window to this moment and taking it away again leaves a trifle more than the window.
    now = 6389.185600000876;
    expect(now + WINDOW_MS - now).toBeGreaterThan(WINDOW_MS);
    expect(await hit(aStore())).toMatchObject({ timeToExpire: 10 });
  });

  it('is not prolonged by requests that are refused', async () => {
    const store = aStore();
    for (let n = 0; n < 100; n++) {
      await hit(store);
      now += 99;
    }
    now += 100;
    expect(await hit(store)).toMatchObject({ totalHits: 1, isBlocked: false });
  });

  it('counts each key by itself', async () => {
    const store = aStore();
    await hit(store, 'a', 1);
    expect(await hit(store, 'a', 1)).toMatchObject({ isBlocked: true });
    expect(await hit(store, 'b', 1)).toMatchObject({ isBlocked: false });
  });

  it('forgets windows that are over', async () => {
    const store = aStore();
    for (let n = 0; n < 50; n++) await hit(store, `key-${n}`);
    expect(store.size).toBe(50);
    now += WINDOW_MS;
    await hit(store, 'one more');
    expect(store.size).toBe(1);
  });

  it('never keeps more keys than allowed, and forgets the window that ends first', async () => {
    const store = aStore(3);
    for (const key of ['a', 'b', 'c', 'd']) {
      await hit(store, key, 1);
      now += 1;
    }
    expect(store.size).toBe(3);
    expect(await hit(store, 'd', 1)).toMatchObject({ isBlocked: true });
    expect(await hit(store, 'b', 1)).toMatchObject({ isBlocked: true });
    expect(await hit(store, 'a', 1)).toMatchObject({ isBlocked: false });
    for (let n = 0; n < 1_000; n++) await hit(store, `key-${n}`);
    expect(store.size).toBe(3);
  });
});
