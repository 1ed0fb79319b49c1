import fc from 'fast-check';
import { FrameBudget } from './frame-budget';

const BURST = 40;
const PER_SECOND = 20;

describe(FrameBudget.name, () => {
  let now: number;
  let budget: FrameBudget;
  beforeEach(() => {
    now = 5_000;
    budget = new FrameBudget(() => now);
  });

  /** What becomes of so many frames at once: how often which verdict. */
  const take = (count: number) => {
    const verdicts = { taken: 0, refused: 0, 'refused-again': 0 };
    for (let n = 0; n < count; n++) verdicts[budget.take()]++;
    return verdicts;
  };

  it.each([
    [1, { taken: 1, refused: 0, 'refused-again': 0 }],
    [40, { taken: 40, refused: 0, 'refused-again': 0 }],
    [41, { taken: 40, refused: 1, 'refused-again': 0 }],
    [100, { taken: 40, refused: 1, 'refused-again': 59 }],
  ])('of %i frames at once, takes the first 40, and says once that there are too many', (count, verdicts) => {
    expect(take(count)).toEqual(verdicts);
  });

  it.each([
    [0, 0],
    [49, 0],
    [50, 1],
    [999, 19],
    [1_000, 20],
    [2_000, 40],
    [60_000, 40],
  ])('%i ms after it was used up has room for %i', (ms, room) => {
    take(BURST);
    now += ms;
    expect(take(100).taken).toBe(room);
  });

  it('says again that there are too many when a second has passed', () => {
    take(BURST);
    const complaints = Array.from({ length: 41 }, () => {
      now += 25;
      return take(2).refused;
    });
    expect(complaints).toEqual(complaints.map((_, index) => (index % 40 === 0 ? 1 : 0)));
  });

  it('takes a frame every 50 ms for ever', () => {
    take(BURST);
    const verdicts = Array.from({ length: 1_000 }, () => {
      now += 50;
      return budget.take();
    });
    expect(new Set(verdicts)).toEqual(new Set(['taken']));
  });

  it('takes no more in any time than it may, and says no more than once a second that there are too many', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(200), fc.nat(30)), { maxLength: 100 }), (course) => {
        budget = new FrameBudget(() => now);
        const taken: { at: number; count: number }[] = [];
        let complainedAt = -Infinity;
        for (const [ms, count] of course) {
          now += ms;
          const verdicts = take(count);
          taken.push({ at: now, count: verdicts.taken });
          expect(verdicts.refused).toBeLessThanOrEqual(now - complainedAt < 1_000 ? 0 : 1);
          if (verdicts.refused > 0) complainedAt = now;
        }
        for (const [index, { at }] of taken.entries()) {
          let sum = 0;
          for (const later of taken.slice(index)) {
            sum += later.count;
            expect(sum).toBeLessThanOrEqual(BURST + ((later.at - at) / 1_000) * PER_SECOND + 1e-6);
          }
        }
      }),
    );
  });
});
