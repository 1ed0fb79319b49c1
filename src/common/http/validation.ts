import type { ValidationError } from 'class-validator';
import { ValidationFailedError } from '../errors/http.errors';
import type { FieldError } from '../errors/operator.error';

export const toValidationFailed = (errors: ValidationError[]): ValidationFailedError =>
  new ValidationFailedError(errors.flatMap((error) => fieldErrors(error, '')));

function fieldErrors({ property, constraints, children }: ValidationError, parent: string): FieldError[] {
  const field = parent + (property ?? 'body');
  return [
    ...Object.values(constraints ?? {}).map((message) => ({ field, message })),
    ...(children ?? []).flatMap((child) => fieldErrors(child, `${field}.`)),
  ];
}
