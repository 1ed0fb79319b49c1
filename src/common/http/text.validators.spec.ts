import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { IsJsonObject, IsNotBlank, IsSessionId, IsStorableText, isDeeper } from './text.validators';

class Fields {
  @IsSessionId()
  id: unknown = 'a';
  @IsStorableText()
  text: unknown = 'a';
  @IsNotBlank()
  filled: unknown = 'a';
  @IsJsonObject(2)
  json: unknown = {};
}

/** Names of the fields that are refused. */
const refused = (fields: Partial<Fields>) =>
  validateSync(Object.assign(new Fields(), fields)).map(({ property }) => property);

const nested = (levels: number): unknown => (levels === 0 ? 0 : { in: nested(levels - 1) });

describe(IsSessionId.name, () => {
  it.each(['a', '0', 'Az09._:-', '...', '.a', '-', 'x'.repeat(64), '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d'])(
    'accepts %p',
    (id) => expect(refused({ id })).toEqual([]),
  );
  it.each(['', '.', '..', ' a', 'a\n', 'a/b', 'a%b', 'é', '🙂', 'a\0', 'x'.repeat(65), 5, null, undefined, ['a']])(
    'refuses %p',
    (id) => expect(refused({ id })).toEqual(['id']),
  );
});

describe(IsStorableText.name, () => {
  it.each(['', 'a', '\n\t\u0001\u2028\uFEFF', '🙂', '\uFFFD'])('accepts %j', (text) => {
    expect(refused({ text })).toEqual([]);
  });
  it.each(['\0', 'a\0b', '\uD83D', 'a\uDE42', '\uDE42\uD83D', 5, null, ['a']])('refuses %j', (text) => {
    expect(refused({ text })).toEqual(['text']);
  });

  it('accepts exactly what survives UTF-8 and has no NUL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const survives = Buffer.from(text).toString() === text && !text.includes('\0');
        expect(refused({ text })).toEqual(survives ? [] : ['text']);
      }),
    );
  });
});

describe(IsNotBlank.name, () => {
  it.each(['', ' ', '\n\t\r', '\u00A0\u3000\uFEFF'])('refuses %j', (filled) => {
    expect(refused({ filled })).toEqual(['filled']);
  });
  it.each(['a', ' a ', '0'])('accepts %j', (filled) => expect(refused({ filled })).toEqual([]));
});

describe(IsJsonObject.name, () => {
  it.each([{}, { a: 1 }, { a: {} }, { a: [1] }])('accepts %j', (json) => expect(refused({ json })).toEqual([]));
  it.each([[[]], [[{}]], ['x'], [5], [null], [undefined], [{ a: { b: {} } }], [{ a: [[]] }]])('refuses %j', (json) => {
    expect(refused({ json })).toEqual(['json']);
  });
});

describe(isDeeper.name, () => {
  const depth = (value: unknown): number =>
    typeof value === 'object' && value !== null
      ? 1 + Object.values(value).reduce((deepest: number, each) => Math.max(deepest, depth(each)), 0)
      : 0;

  it('says what a recursion would say', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat(10), (value, levels) => {
        expect(isDeeper(value, levels)).toBe(depth(value) > levels);
      }),
    );
  });

  it.each([
    [0, 0, false],
    [1, 0, true],
    [16, 16, false],
    [17, 16, true],
  ])('counts an object of %i levels against %i as deeper: %p', (levels, allowed, deeper) => {
    expect(isDeeper(nested(levels), allowed)).toBe(deeper);
  });

  it('does not mind values that would overflow a recursion', () => {
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown;
    expect(isDeeper(deep, 99_999)).toBe(true);
    expect(isDeeper(deep, 100_000)).toBe(false);
  });
});
