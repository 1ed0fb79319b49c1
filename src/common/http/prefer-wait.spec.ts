import { preferredWait } from './prefer-wait.decorator';

describe(preferredWait.name, () => {
  it.each([
    [undefined, null],
    ['', null],
    ['wait=10', 10],
    ['WAIT=10', 10],
    ['wait="10"', 10],
    ['respond-async, wait=5', 5],
    ['wait=5; foo=1, respond-async', 5],
    ['wait = 5', 5],
    ['wait=600', 60],
    ['wait=0', null],
    ['wait=-1', null],
    ['wait=1.5', null],
    ['wait=x', null],
    ['wait', null],
    ['await=5', null],
  ])('%j is %j', (header, expected) => expect(preferredWait(header)).toBe(expected));
});
