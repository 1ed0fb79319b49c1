import fc from 'fast-check';
import { ValidationFailedError } from '../../common/errors/http.errors';
import { toFilter, toPosition, toSeq } from './event-query.dto';

describe(toSeq.name, () => {
  it.each<[after: string | undefined, lastEventId: string | undefined, seq: number]>([
    [undefined, undefined, 0],
    ['', '', 0],
    ['0', undefined, 0],
    ['57', undefined, 57],
    ['057', undefined, 57],
    ['57', '', 57],
    ['57', '60', 60],
    ['60', '57', 57],
    ['57', '0', 0],
    [undefined, '999999999', 999_999_999],
  ])('after %j, with a last event of %j, goes on after %i', (after, lastEventId, seq) =>
    expect(toSeq(after, lastEventId)).toBe(seq),
  );

  it.each<[after: string | undefined, lastEventId: string | undefined]>([
    [undefined, 'abc'],
    [undefined, '-1'],
    [undefined, '1.5'],
    [undefined, '1e3'],
    [undefined, ' 1'],
    [undefined, '1\n'],
    [undefined, '٣'],
    [undefined, '0-57'],
    [undefined, '1234567890'],
    ['57', 'abc'],
    ['abc', undefined],
    ['abc', ''],
  ])('after %j, with a last event of %j, does not know where to go on', (after, lastEventId) =>
    expect(() => toSeq(after, lastEventId)).toThrow(ValidationFailedError),
  );

  it('goes on after every event that there can be', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), (seq) => {
        expect(toSeq(String(seq), undefined)).toBe(seq);
        expect(toSeq('1', String(seq))).toBe(seq);
      }),
    );
  });
});

describe(toPosition.name, () => {
  it.each<[after: string | undefined, lastEventId: string | undefined, position: ReturnType<typeof toPosition>]>([
    [undefined, undefined, null],
    ['', '', null],
    ['0-0', undefined, { tx: 0, id: 0 }],
    ['12-4711', undefined, { tx: 12, id: 4711 }],
    ['12-4711', '', { tx: 12, id: 4711 }],
    ['12-4711', '13-4712', { tx: 13, id: 4712 }],
    ['13-4712', '12-4711', { tx: 12, id: 4711 }],
    [undefined, '999999999999999-999999999999999', { tx: 999_999_999_999_999, id: 999_999_999_999_999 }],
  ])('after %j, with a last event of %j, goes on after %j', (after, lastEventId, position) =>
    expect(toPosition(after, lastEventId)).toEqual(position),
  );

  it.each<[after: string | undefined, lastEventId: string]>([
    [undefined, '57'],
    [undefined, '12-'],
    [undefined, '-4711'],
    [undefined, '12-4711-1'],
    [undefined, '12 - 4711'],
    [undefined, '12-4711\n'],
    [undefined, '1234567890123456-1'],
    ['12-4711', 'abc'],
  ])('after %j, with a last event of %j, does not know where to go on', (after, lastEventId) =>
    expect(() => toPosition(after, lastEventId)).toThrow(ValidationFailedError),
  );
});

describe(toFilter.name, () => {
  it.each<[Parameters<typeof toFilter>[0], ReturnType<typeof toFilter>]>([
    [{}, {}],
    [{ session_id: 'support-4711' }, { sessionId: 'support-4711' }],
    [{ type: ['turn', 'tool_call.finished'] }, { types: ['turn', 'tool_call.finished'] }],
    [
      { session_id: 'support-4711', type: ['turn'], after: '0-0', token: 'secret' },
      { sessionId: 'support-4711', types: ['turn'] },
    ],
  ])('of %j is %j', (query, filter) => expect(toFilter(query)).toEqual(filter));
});
