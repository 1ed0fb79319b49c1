import { SharedAnswer } from './shared-answer';

const TTL_MS = 1_000;
const STALE_MS = 5_000;

describe(SharedAnswer.name, () => {
  let clock: number;
  let fetches: { resolve: (value: string) => void; reject: (error: Error) => void }[];
  let answer: SharedAnswer<string>;

  const create = (ttlMs: number) =>
    new SharedAnswer<string>(() => new Promise((resolve, reject) => fetches.push({ resolve, reject })), {
      ttlMs,
      staleMs: STALE_MS,
      now: () => clock,
    });
  /** Has the answer that is being waited for. */
  const primed = async (value: string) => {
    const first = answer.get();
    fetches.at(-1)!.resolve(value);
    return first;
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  beforeEach(() => {
    clock = 1_000_000;
    fetches = [];
    answer = create(TTL_MS);
  });

  it('fetches once for a hundred who ask at once', async () => {
    const asked = Array.from({ length: 100 }, () => answer.get());
    expect(fetches).toHaveLength(1);
    clock += 300;
    fetches[0]!.resolve('one');
    const answers = await Promise.all(asked);
    expect(new Set(answers.map(({ value }) => value))).toEqual(new Set(['one']));
    expect(answers[99]).toEqual({ value: 'one', asOf: new Date(1_000_300), isStale: false });
  });

  it('serves a fresh answer without fetching', async () => {
    await primed('one');
    clock += TTL_MS - 1;
    expect(await answer.get()).toEqual({ value: 'one', asOf: new Date(1_000_000), isStale: false });
    expect(fetches).toHaveLength(1);
  });

  it('serves a stale answer at once, while one refresh runs for all', async () => {
    await primed('one');
    clock += TTL_MS;
    for (let asked = 0; asked < 10; asked++) {
      expect(await answer.get()).toEqual({ value: 'one', asOf: new Date(1_000_000), isStale: true });
    }
    expect(fetches).toHaveLength(2);
    fetches[1]!.resolve('two');
    await settle();
    expect(await answer.get()).toEqual({ value: 'two', asOf: new Date(clock), isStale: false });
    expect(fetches).toHaveLength(2);
  });

  it('shows nothing that is too old', async () => {
    await primed('one');
    clock += TTL_MS + STALE_MS;
    const late = answer.get();
    fetches[1]!.resolve('two');
    expect(await late).toMatchObject({ value: 'two', isStale: false });
  });

  it('keeps the last answer while refreshes fail, and not for ever', async () => {
    await primed('one');
    clock += TTL_MS;
    expect(await answer.get()).toMatchObject({ value: 'one', isStale: true });
    fetches[1]!.reject(new Error('sick'));
    await settle();
    expect(await answer.get()).toMatchObject({ value: 'one', isStale: true });
    expect(fetches).toHaveLength(3);

    clock += STALE_MS;
    const tooOld = answer.get();
    expect(fetches).toHaveLength(3);
    fetches[2]!.reject(new Error('still sick'));
    await expect(tooOld).rejects.toThrow('still sick');
  });

  it('tells all who wait that it failed, and fetches again for the next', async () => {
    const asked = [answer.get(), answer.get()];
    fetches[0]!.reject(new Error('sick'));
    expect(await Promise.allSettled(asked)).toMatchObject([{ reason: { message: 'sick' } }, { status: 'rejected' }]);
    expect(await primed('well')).toMatchObject({ value: 'well' });
  });

  it('keeps nothing when nothing may be kept, and yet fetches once for all who ask meanwhile', async () => {
    answer = create(0);
    const asked = [answer.get(), answer.get()];
    expect(fetches).toHaveLength(1);
    fetches[0]!.resolve('one');
    await Promise.all(asked);
    const next = answer.get();
    fetches[1]!.resolve('two');
    expect(await next).toMatchObject({ value: 'two', isStale: false });
  });

  it('fetches anew when the clock was set back', async () => {
    await primed('one');
    clock -= 3_600_000;
    expect(await primed('two')).toMatchObject({ value: 'two' });
  });
});
