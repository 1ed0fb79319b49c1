/** The place, from 1 on, of the value in order that a share of `count` values does not exceed. */
export const nearestRank = (share: number, count: number): number => Math.max(1, Math.ceil(share * count));

/** The same percentiles, of values that are counted. */
export class Tally {
  private readonly counts = new Map<number, number>();
  private size = 0;

  add(value: number, times: number): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + times);
    this.size += times;
  }

  /** One for each of the shares, which are in rising order; null where there are no values. */
  percentiles(shares: readonly number[]): (number | null)[] {
    const values = [...this.counts].sort(([a], [b]) => a - b);
    let place = -1;
    let passed = 0;
    return shares.map((share) => {
      if (this.size === 0) return null;
      while (passed < nearestRank(share, this.size)) passed += values[++place]![1];
      return values[place]![0];
    });
  }
}
