import fc from 'fast-check';
import { nearestRank, Tally } from './nearest-rank';

const SHARES = [0.5, 0.95, 0.99];

describe(nearestRank.name, () => {
  it.each([
    [0.5, 1, 1],
    [0.5, 2, 1],
    [0.5, 3, 2],
    [0.95, 20, 19],
    [0.95, 21, 20],
    [0.99, 100, 99],
    [0.99, 101, 100],
    [0.99, 1, 1],
  ])('of %d among %i values is %i', (share, count, rank) => {
    expect(nearestRank(share, count)).toBe(rank);
  });
});

describe(Tally.name, () => {
  it('knows the percentiles of the values that were counted, in whatever order and pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -5, max: 50 }), fc.integer({ min: 1, max: 9 }))), (counted) => {
        const tally = new Tally();
        for (const [value, times] of counted) tally.add(value, times);
        const values = counted.flatMap(([value, times]) => Array<number>(times).fill(value)).sort((a, b) => a - b);
        // By the definition: the smallest value that at least this share of them does not exceed.
        const expected = SHARES.map(
          (share) =>
            values.find((value) => values.filter((each) => each <= value).length >= share * values.length) ?? null,
        );
        expect(tally.percentiles(SHARES)).toEqual(expected);
      }),
    );
  });
});
