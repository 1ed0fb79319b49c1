import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { ValidateBy } from 'class-validator';

/** The largest id that both databases have room for. */
const ROW_ID_MAX = 2_147_483_647;

export const ROW_ID_RULE = `must be a whole number from 1 to ${ROW_ID_MAX}`;

export const isRowId = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= ROW_ID_MAX;

/** A row's id as it stands in a path or query, digits alone; anything else stays as it is. */
export const toRowId = (text: unknown): unknown =>
  typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : text;

/** A row's id in a JSON body. */
export const IsRowId = (): PropertyDecorator =>
  ValidateBy({ name: 'isRowId', validator: { validate: isRowId, defaultMessage: () => `$property ${ROW_ID_RULE}` } });

/** A row's id in a path or query. */
export const IsRowIdText = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }) => toRowId(value)),
    IsRowId(),
  );
