import fc from 'fast-check';
import { ValidationFailedError } from '../errors/http.errors';
import { fromCursor, pageSize, toCursor } from './page';

const cursor = (text: string) => Buffer.from(text).toString('base64url');

describe(pageSize.name, () => {
  it.each([
    [undefined, 50, 200, 50],
    [undefined, 200, 100, 100],
    [1, 50, 200, 1],
    [200, 50, 200, 200],
  ])('of %p, by default %i and at most %i, is %i', (asked, byDefault, max, size) => {
    expect(pageSize(asked, byDefault, max)).toBe(size);
  });

  it('is never more than is allowed', () => {
    expect(() => pageSize(201, 50, 200)).toThrow(ValidationFailedError);
  });
});

describe('A cursor', () => {
  it('comes back as the position it was made of', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_147_483_647 }), (position) => {
        expect(fromCursor(toCursor(position)!)).toBe(position);
        expect(toCursor(position)).toMatch(/^[\w-]{1,64}$/);
      }),
    );
  });

  it('is absent at the beginning and at the end', () => {
    expect(fromCursor(undefined)).toBeNull();
    expect(toCursor(null)).toBeNull();
  });

  it.each(['', '42', cursor(''), cursor('p'), cursor('p-1'), cursor('p1.5'), cursor('p2147483648'), cursor('x1')])(
    'that no page handed out is refused: %p',
    (forged) => {
      expect(() => fromCursor(forged)).toThrow(ValidationFailedError);
    },
  );

  it('is either understood or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          expect(fromCursor(text)).toEqual(expect.any(Number));
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationFailedError);
        }
      }),
    );
  });
});
