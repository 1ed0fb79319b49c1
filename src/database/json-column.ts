import type { ValueTransformer } from 'typeorm';
import { fromStoredJson } from './sql';

/** For a text column that holds JSON, and that others than this service write too. */
export const JSON_TEXT: ValueTransformer = {
  to: (value: unknown) => (value === null ? null : JSON.stringify(value)),
  from: fromStoredJson,
};
