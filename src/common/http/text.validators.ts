import { registerDecorator, type ValidationOptions } from 'class-validator';
import { KeptAsItCame } from './validation';

/** Not `.` or `..`: no URL could name such a session. */
const SESSION_ID = /^(?!\.{1,2}$)[A-Za-z0-9._:-]{1,64}$/;

/** Text as every database can hold it: no NUL, no half of a surrogate pair. */
export const IsStorableText = (options?: ValidationOptions) =>
  check('isStorableText', '$property must be a text without NUL characters and broken Unicode', options, (value) => {
    return typeof value === 'string' && !value.includes('\0') && value.isWellFormed();
  });

export const IsNotBlank = (options?: ValidationOptions) =>
  check('isNotBlank', '$property must not be empty', options, (value) => {
    return typeof value !== 'string' || value.trim() !== '';
  });

export const IsSessionId = (options?: ValidationOptions) =>
  check('isSessionId', '$property must have 1 to 64 characters, of A-Z a-z 0-9 . _ : -', options, (value) => {
    return typeof value === 'string' && SESSION_ID.test(value);
  });

/** A moment in ISO 8601, with its zone: `2026-11-23T09:30:00Z`. */
export const IsMoment = (options?: ValidationOptions) =>
  check('isMoment', '$property must be a moment like 2026-11-23T09:30:00Z', options, (value) => {
    return typeof value === 'string' && isMoment(value);
  });

/** A JSON object that nests no deeper than `levels`. What is in it is the client's own: it is kept as it came. */
export function IsJsonObject(levels: number, options?: ValidationOptions): PropertyDecorator {
  const message = `$property must be an object, nested at most ${levels} levels deep`;
  const validate = check('isJsonObject', message, options, (value) => isJsonObject(value, levels));
  return (target, property) => {
    KeptAsItCame()(target, property);
    validate(target, property as string);
  };
}

export const isJsonObject = (value: unknown, levels: number): boolean =>
  isContainer(value) && !Array.isArray(value) && !isDeeper(value, levels);

/** Whether a JSON value nests deeper than `levels`. Never recurses itself: input decides how deep it would. */
export function isDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    level = level.flatMap((container) => Object.values(container)).filter(isContainer);
  }
  return false;
}

const MOMENT = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Whether both databases can hold it, and hold the same. */
export function isMoment(text: string): boolean {
  const [, day] = MOMENT.exec(text) ?? [];
  if (!day || Number.isNaN(Date.parse(text))) return false;
  // Some engines take 30 February for a day in March; years beyond four digits sort elsewhere, and PostgreSQL has no 0.
  return new Date(day).toISOString().startsWith(day) && /^(?!0000)\d{4}-/.test(new Date(text).toISOString());
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

function check(
  name: string,
  message: string,
  options: ValidationOptions | undefined,
  validate: (value: unknown) => boolean,
) {
  return (target: object, propertyName: string) =>
    registerDecorator({
      name,
      target: target.constructor,
      propertyName,
      options: { message, ...options },
      validator: { validate },
    });
}
