import * as fc from 'fast-check';
import { emptyReport } from '../engine/browser-engine.types';
import { excerpt, findingsOf } from './findings';

describe(excerpt.name, () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abc', 2, 'ab'],
    ['äö', 3, 'ä'],
    ['a😀b', 4, 'a'],
    ['a😀b', 5, 'a😀'],
    ['', 1, ''],
    ['😀', 1, ''],
  ])('of %j, %i bytes', (text, max, expected) => expect(excerpt(text, max)).toBe(expected));

  it('is the beginning, within its bytes, and as much as fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(64), (text, max) => {
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

describe(findingsOf.name, () => {
  it('can be stored, whatever a page has put into it', () => {
    const step = { action: 'evaluate' as const, status: 'done' as const, startedMs: 0, durationMs: 1, error: null };
    const { title, text, finalUrl, result } = findingsOf(
      {
        ...emptyReport(),
        title: 'a\0b',
        text: '\ud800',
        finalUrl: 'http://x/\0',
        steps: [{ ...step, value: { deep: ['\0', { er: '\udc00' }] } }],
      },
      'playwright',
    );
    expect([title, text, finalUrl]).toEqual(['a\ufffdb', '\ufffd', 'http://x/\ufffd']);
    expect(result).toMatchObject({ engine: 'playwright', steps: [{ value: { deep: ['\ufffd', { er: '\ufffd' }] } }] });
  });
});
