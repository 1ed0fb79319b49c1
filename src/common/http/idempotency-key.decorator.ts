import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { ValidationFailedError } from '../errors/http.errors';

/** The `Idempotency-Key` header, checked; undefined when there is none. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const key = context.switchToHttp().getRequest<Request>().get('idempotency-key');
  if (key !== undefined && !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new ValidationFailedError([
      { field: 'Idempotency-Key', message: 'Idempotency-Key must have 1 to 255 printable ASCII characters, no spaces' },
    ]);
  }
  return key;
});
