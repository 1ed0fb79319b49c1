import { UPSTREAM_NAMES } from '../config/upstreams';
import { label } from '../upstream/foreign-text';
import type { Verdict } from './overview.types';
import { type JsonObject, UnusableReply, isObject } from './reply';
import { parseVerdict } from './verdict';

/** The modules that are always listed. Tentáculo may know more. */
export const MODULES: readonly string[] = [...UPSTREAM_NAMES, 'operator'];

const ALIASES: Record<string, string> = { shubniggurath: 'shub', operator_backend: 'operator' };
const NAME_LENGTH = 64;
const OTHERS_MAX = 40;

/** Each module's health, by the names that Operator uses, as Tentáculo's overview or its status tells it. */
export function parseModuleMap(body: JsonObject): Map<string, Verdict> {
  const entries = [body['modules_health'], body['modules'], availability(body)].find(isFilled);
  if (!entries) throw new UnusableReply('told nothing about modules');

  // Its own status is always "ok", and that it answers is as much as that says.
  const verdicts = new Map([['tentaculo_link', parseVerdict({ version: body['version'], status: 'ok' })]]);
  let others = 0;
  for (const [key, entry] of Object.entries(entries)) {
    const name = canonical(key);
    const verdict = parseVerdict(entry);
    const known = verdicts.get(name);
    // Under two names, or twice: one address that answers proves that it runs.
    if (known && (known.status === 'ok' || verdict.status !== 'ok')) continue;
    if (!known && !MODULES.includes(name) && ++others > OTHERS_MAX) continue;
    verdicts.set(name, verdict);
  }
  return verdicts;
}

/** Revision H's status has no map, but says of some modules whether they can be had. */
function availability(body: JsonObject): JsonObject {
  const entries = MODULES.flatMap((name) => {
    const isAvailable = body[`${name}_available`];
    return typeof isAvailable === 'boolean' ? [[name, { status: isAvailable ? 'ok' : 'unavailable' }]] : [];
  });
  return Object.fromEntries(entries) as JsonObject;
}

function canonical(key: string): string {
  const name = label(key, NAME_LENGTH).toLowerCase().replace(/[-\s]/g, '_') || '_';
  return Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
}

const isFilled = (value: unknown): value is JsonObject => isObject(value) && Object.keys(value).length > 0;
