import { TurnClock } from './turn-clock';

describe(TurnClock, () => {
  let now: number;
  const aClock = () => new TurnClock(1_000, () => now);
  const takes = async (ms: number) => void (now += ms);
  beforeEach(() => void (now = 1_000));

  it('counts as Operator’s what is neither the engine’s nor spent in the queue', async () => {
    const clock = aClock();
    await takes(3);
    clock.waited(0);
    await clock.waiting(takes(0));
    await clock.asking(() => takes(100));
    expect(clock.upstreamMs).toBe(100);
    await takes(4);
    expect(clock.read()).toEqual({ operatorMs: 7, upstreamMs: 100, waitingMs: 0, hasAsked: true });
  });

  it('adds up what was waited for', async () => {
    const clock = aClock();
    now += 20;
    clock.waited(20);
    now += 2;
    for (let n = 0; n < 3; n++) {
      const sleeping = Promise.resolve();
      const waiting = clock.waiting(sleeping);
      now += 10;
      await waiting;
    }
    expect(clock.read()).toEqual({ operatorMs: 2, upstreamMs: 0, waitingMs: 50, hasAsked: false });
  });

  it('counts the engine’s time when it fails, too', async () => {
    const clock = aClock();
    await takes(1);
    const failing = clock.asking(async () => {
      await takes(30);
      throw new Error('no answer');
    });
    await expect(failing).rejects.toThrow('no answer');
    expect(clock.read()).toEqual({ operatorMs: 1, upstreamMs: 30, waitingMs: 0, hasAsked: true });
  });
});
