import { APPLICABLE_KEYS, type SwitchChange } from './adjustment.types';
import { AdjustmentNotApplicableError } from './adjustment.errors';

const MODEL_MAX = 256;

/**
 * What Switch is to be told to get the configuration wanted. Keys that Switch has no use for are left alone; so is one
 * that is null, which wants nothing. Throws when nothing is left, or when a model's name cannot be one.
 */
export function switchChanges(config: unknown): SwitchChange[] {
  const wanted = APPLICABLE_KEYS.flatMap((key) => {
    const model = valueOf(config, key);
    return model === null ? [] : [{ key, model: modelName(key, model) }];
  });
  if (wanted.length === 0) throw new AdjustmentNotApplicableError('There is nothing to apply.');
  return wanted;
}

const valueOf = (config: unknown, key: string): unknown =>
  typeof config === 'object' && config !== null && Object.hasOwn(config, key)
    ? (config as Record<string, unknown>)[key]
    : null;

function modelName(key: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= MODEL_MAX) return value;
  throw new AdjustmentNotApplicableError(`${key} must have 1 to ${MODEL_MAX} characters.`);
}
