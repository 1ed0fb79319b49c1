import { toCount } from './history.tool';

describe(toCount.name, () => {
  it.each([
    ['', 10],
    ['3', 3],
    ['0', 1],
    ['50', 50],
    ['51', 50],
    ['999999999', 50],
    ['9999999999', 10],
    ['-1', 10],
    ['2.5', 10],
    ['all', 10],
  ])('of %j is %i', (argument, count) => expect(toCount(argument)).toBe(count));
});
