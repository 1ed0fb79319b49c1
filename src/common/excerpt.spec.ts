import * as fc from 'fast-check';
import { excerpt } from './excerpt';

describe(excerpt.name, () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abc', 2, 'ab'],
    ['äö', 3, 'ä'],
    ['a😀b', 4, 'a'],
    ['a😀b', 5, 'a😀'],
    ['', 1, ''],
    ['😀', 1, ''],
    ['雨', 1.5, ''],
    ['äö', 3.9, 'ä'],
  ])('of %j, %d bytes', (text, max, expected) => expect(excerpt(text, max)).toBe(expected));

  it('is the beginning, within its bytes, and as much as fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.double({ min: 0, max: 64, noNaN: true }), (text, max) => {
        const short = excerpt(text, max);
        expect(text.startsWith(short)).toBe(true);
        expect(Buffer.byteLength(short)).toBeLessThanOrEqual(max);
        if (short !== text) {
          const next = String.fromCodePoint(text.codePointAt(short.length)!);
          expect(Buffer.byteLength(short + next)).toBeGreaterThan(max);
        }
      }),
    );
  });
});
