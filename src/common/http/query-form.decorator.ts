import {
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  UseInterceptors,
  applyDecorators,
} from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import type { Request } from 'express';
import { toRowId } from './row-id';

type Fields = Record<string, 'text' | 'id'>;

/**
 * Takes fields that the body does not have from the query, where clients of the original put them. A field that is in
 * both is the body's.
 */
export const QueryForm = (fields: Fields) =>
  applyDecorators(
    UseInterceptors(new QueryFormInterceptor(fields)),
    ...Object.entries(fields).map(([name, kind]) =>
      ApiQuery({
        name,
        required: false,
        description: 'For clients of the original Operator: counts when the body does not have it.',
        schema: { type: kind === 'id' ? 'integer' : 'string' },
      }),
    ),
  );

class QueryFormInterceptor implements NestInterceptor {
  constructor(private readonly fields: Fields) {}

  /** Before any pipe looks at the body. */
  intercept(context: ExecutionContext, next: CallHandler) {
    const request = context.switchToHttp().getRequest<Request>();
    const given = Object.entries(this.fields)
      .filter(([name]) => request.query[name] !== undefined)
      .map(([name, kind]) => [name, kind === 'id' ? toRowId(request.query[name]) : request.query[name]]);
    if (given.length > 0) request.body = { ...Object.fromEntries(given), ...(request.body as object | undefined) };
    return next.handle();
  }
}
