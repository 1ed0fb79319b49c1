import { applyDecorators } from '@nestjs/common';
import { Transform } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';

/** The largest id that both databases have room for. */
export const ROW_ID_MAX = 2_147_483_647;

/** A row's id as it stands in a path or query, digits alone; anything else stays as it is. */
export const toRowId = (text: unknown): unknown =>
  typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : text;

/** A row's id in a JSON body. */
export const IsRowId = () => applyDecorators(IsInt(), Min(1), Max(ROW_ID_MAX)) as PropertyDecorator;

/** A row's id in a path or query. */
export const IsRowIdText = () =>
  applyDecorators(
    Transform(({ value }) => toRowId(value)),
    IsRowId(),
  ) as PropertyDecorator;
