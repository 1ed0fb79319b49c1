import fc from 'fast-check';
import { firstToolCalls } from './first-tool-calls';

const call = (id: number, messageId: number, bytes = 0) => ({ id, message_id: messageId, result_bytes: bytes });

describe(firstToolCalls.name, () => {
  it('shows so many calls of each message, and says which have more', () => {
    const keys = [call(7, 2), call(1, 1), call(2, 1), call(3, 1), call(4, 3), call(5, 3)];
    expect(firstToolCalls(keys, 2, 100)).toEqual({ ids: [7, 1, 2, 4, 5], cut: new Set([1]) });
  });

  it('stops a message where its results would be too much, and lets smaller ones of others in', () => {
    const keys = [call(1, 9, 60), call(2, 9, 50), call(3, 9, 1), call(4, 8, 40), call(5, 7, 1)];
    expect(firstToolCalls(keys, 10, 100)).toEqual({ ids: [1, 4], cut: new Set([9, 7]) });
  });

  it('never shows more than it may, nor a call after one that it left out', () => {
    const calls = fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 50 })));
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 200 }), (given, most, bytes) => {
        const keys = given
          .map(([messageId, size], id) => call(id, messageId, size))
          .sort((a, b) => b.message_id - a.message_id);
        const { ids, cut } = firstToolCalls(keys, most, bytes);
        const shown = keys.filter(({ id }) => ids.includes(id));
        expect(shown.reduce((sum, { result_bytes }) => sum + result_bytes, 0)).toBeLessThanOrEqual(bytes);
        for (const messageId of new Set(keys.map(({ message_id }) => message_id))) {
          const all = keys.filter(({ message_id }) => message_id === messageId).map(({ id }) => id);
          const some = shown.filter(({ message_id }) => message_id === messageId).map(({ id }) => id);
          expect(some).toEqual(all.slice(0, Math.min(some.length, most)));
          expect(cut.has(messageId)).toBe(some.length < all.length);
        }
      }),
    );
  });
});
