import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { IsRowId, IsRowIdText } from './row-id';

class Ids {
  @IsRowId()
  inBody: unknown = 1;
  @IsRowIdText()
  inPath: unknown = 1;
}

const checked = (ids: Partial<Ids>) => {
  const parsed = plainToInstance(Ids, ids);
  const refused = validateSync(parsed).map(({ property, constraints }) => [property, Object.values(constraints!)]);
  return refused.length > 0 ? refused : parsed;
};
const RULE = 'must be a whole number from 1 to 2147483647';

describe('A row’s id', () => {
  it.each([1, 42, 2_147_483_647])('may be %i, in a body as a number and in a path as digits', (id) => {
    expect(checked({ inBody: id, inPath: String(id) })).toEqual({ inBody: id, inPath: id });
  });

  it.each([0, -1, 1.5, 2_147_483_648, NaN, Infinity, '1', '', true, null, undefined, [1], {}])(
    'is not %p in a body',
    (id) => expect(checked({ inBody: id })).toEqual([['inBody', [`inBody ${RULE}`]]]),
  );

  it.each(['0', '-1', '+1', '1.5', '1e3', '0x1', ' 1', '1\n', '', 'x', '2147483648', '٣', ['1'], undefined])(
    'is not %p in a path',
    (id) => expect(checked({ inPath: id })).toEqual([['inPath', [`inPath ${RULE}`]]]),
  );
});
