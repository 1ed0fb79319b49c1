import fc from 'fast-check';
import { sqlTime } from '../../database/sql';
import { fromToolCallCursor, toToolCallCursor } from './tool-call-cursor';

describe('A cursor of tool calls', () => {
  it('comes back as the position that it was made from, and is short enough to be accepted', () => {
    const moment = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(moment, fc.integer({ min: 1, max: 2_147_483_647 }), (at, id) => {
        const position = { at: sqlTime(at), id };
        const cursor = toToolCallCursor(position)!;
        expect(fromToolCallCursor(cursor)).toEqual(position);
        expect(cursor.length).toBeLessThanOrEqual(64);
      }),
    );
  });

  it('keeps every digit that a database knows', () => {
    for (const at of ['2025-12-01 10:00:00.123456', '2026-11-23 09:30:00.1', '2026-11-23 09:30:00']) {
      expect(fromToolCallCursor(toToolCallCursor({ at, id: 7 })!)).toEqual({ at, id: 7 });
    }
  });

  it('is nothing before the first page and after the last', () => {
    expect(fromToolCallCursor(undefined)).toBeNull();
    expect(toToolCallCursor(null)).toBeNull();
  });

  it.each([
    '',
    'x',
    'cDU',
    't2026-11-23 09:30:00/',
    't2026-13-23 09:30:00/1',
    't2026-02-30 09:30:00/1',
    't0000-01-01 09:30:00/1',
    't2026-11-23 09:30:00/2147483648',
    "t2026-11-23 09:30:00' OR 1=1 --/1",
  ])('is refused when no page handed it out: %j', (text) => {
    const refused = expect.objectContaining({ code: 'validation_failed' });
    for (const cursor of [text, Buffer.from(text).toString('base64url')]) {
      let error: unknown;
      try {
        fromToolCallCursor(cursor);
      } catch (caught) {
        error = caught;
      }
      expect(error).toEqual(refused);
    }
  });
});
