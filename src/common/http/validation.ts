import { type Type, ValidationPipe } from '@nestjs/common';
import { type ClassTransformOptions, instanceToPlain, plainToInstance } from 'class-transformer';
import type { ValidationError } from 'class-validator';
import { ValidationFailedError } from '../errors/http.errors';
import type { FieldError } from '../errors/operator.error';

/** Checks what comes in. Fields that nobody knows are left out: the original ignored them, and its clients send some. */
export class InputPipe extends ValidationPipe {
  constructor() {
    super({ transform: true, whitelist: true, exceptionFactory: toValidationFailed });
  }

  protected override loadTransformer() {
    return {
      classToPlain: instanceToPlain,
      plainToInstance: <T>(type: Type<T>, input: object, options?: ClassTransformOptions) =>
        this.toInstance(type, input, options),
    };
  }

  /** Nest would do so before it is known what is to be kept. */
  protected override stripProtoKeys(): void {}

  private toInstance<T>(type: Type<T>, input: object, options?: ClassTransformOptions): T {
    const isKept = ([field]: [string, unknown]) => keptFields(type).includes(field);
    const kept = Object.fromEntries(Object.entries(input).filter(isKept));
    const rest = Object.fromEntries(Object.entries(input).filter((entry) => !isKept(entry)));
    super.stripProtoKeys(rest);
    return Object.assign(plainToInstance(type, rest, options) as object, kept) as T;
  }
}

const KEPT = Symbol('KEPT');

/**
 * Hands a field's value through as it came. Others lose what is called `__proto__`, `constructor` or `prototype`,
 * at any depth: names like any other in a client's own data.
 */
export const KeptAsItCame = (): PropertyDecorator => (target, property) =>
  Reflect.defineMetadata(KEPT, [...keptFields(target.constructor), property], target.constructor);

const keptFields = (type: object): string[] => (Reflect.getMetadata(KEPT, type) as string[] | undefined) ?? [];

function toValidationFailed(errors: ValidationError[]): ValidationFailedError {
  return new ValidationFailedError(errors.flatMap((error) => fieldErrors(error, '')));
}

function fieldErrors({ property, constraints, children }: ValidationError, parent: string): FieldError[] {
  const field = parent + (property ?? 'body');
  return [
    ...Object.values(constraints ?? {}).map((message) => ({ field, message })),
    ...(children ?? []).flatMap((child) => fieldErrors(child, `${field}.`)),
  ];
}
