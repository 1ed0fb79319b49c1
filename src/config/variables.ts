import { z } from 'zod';
import { parseHostPattern } from './host-pattern';

/** What a variable accepts, in the words of the error line and of the README: "an integer from 0 to 65535". */
export function expectation(schema: z.ZodType): string {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional)
    return expectation(schema.unwrap() as z.ZodType);
  return String(schema.meta()?.['expects'] ?? 'a text');
}

export const text = () => z.string().meta({ expects: 'a text' });

export function integer(min: number, max: number) {
  const expects = `an integer from ${min} to ${max}`;
  return z
    .string()
    .regex(/^-?\d{1,15}$/, expects)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expects)
    .meta({ expects });
}

export function oneOf<const T extends readonly [string, ...string[]]>(...values: T) {
  return z.enum(values).meta({ expects: `one of ${values.join(', ')}` });
}

/** `a,b` → `['a', 'b']`: some of the values, each once, in the order given. */
export function someOf<const T extends readonly [string, ...string[]]>(...values: T) {
  const expects = `one or more of ${values.join(', ')}, comma-separated`;
  return z
    .string()
    .transform(commaList)
    .refine((list) => new Set(list).size === list.length, expects)
    .pipe(z.array(z.enum(values)).min(1))
    .meta({ expects });
}

export const flag = () =>
  z
    .enum(['true', 'false', '1', '0'])
    .transform((value) => value === 'true' || value === '1')
    .meta({ expects: 'true or false' });

export const httpUrl = () =>
  z
    .string()
    .refine((value) => isUrl(value, ['http:', 'https:']) && isBare(new URL(value)))
    .transform((value) => value.replace(/\/+$/, ''))
    .meta({ expects: 'a URL like http://host:port' });

export const databaseUrl = () =>
  z
    .string()
    .refine((value) => /^sqlite:(?!:memory:).+/.test(value) || isUrl(value, ['postgres:', 'postgresql:']))
    .meta({ expects: 'sqlite:<file> or postgres://user:password@host:port/database' });

/** `a,b` → `['a', 'b']`: several tokens are valid at once while one replaces another. */
export const tokens = () =>
  z
    .string()
    .transform(commaList)
    .refine((list) => list.every((token) => /^[\x21-\x7e]+$/.test(token)))
    .meta({ expects: 'one or more tokens, comma-separated, of printable characters without spaces' });

/** A comma-separated list, or a JSON list, of origins (`scheme://host[:port]`). */
export const origins = () =>
  z
    .string()
    .transform((value, context) => {
      const list = originList(value);
      if (list) return list;
      context.addIssue('not a list of origins');
      return z.NEVER;
    })
    .meta({ expects: 'origins like http://localhost:8020, comma-separated or as a JSON list' });

/** A comma-separated list of host names, globs, addresses and networks. */
export const hostPatterns = () =>
  z
    .string()
    .transform((value, context) => {
      const patterns = commaList(value).map(parseHostPattern);
      if (patterns.every((pattern) => pattern !== null)) return patterns;
      context.addIssue('not a list of hosts');
      return z.NEVER;
    })
    .meta({ expects: 'hosts like example.com, *.example.com:8080, 10.0.0.0/8 or [fd00::1]:80, comma-separated' });

export const ports = () =>
  z
    .string()
    .transform(commaList)
    .refine((list) => list.length > 0 && list.every((port) => /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535))
    .transform((list) => list.map(Number))
    .meta({ expects: 'ports from 1 to 65535, comma-separated' });

function originList(value: string): string[] | null {
  const list = value.trim().startsWith('[') ? jsonList(value) : commaList(value);
  return list?.every((entry) => isUrl(entry, ['http:', 'https:']) && new URL(entry).origin === entry) ? list : null;
}

function jsonList(value: string): string[] | null {
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) && list.every((entry) => typeof entry === 'string') ? list : null;
  } catch {
    return null;
  }
}

const commaList = (value: string): string[] =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);

/** Something can be appended to it, and it may be shown: a password has a variable of its own. */
const isBare = ({ username, password, search, hash }: URL): boolean => !(username || password || search || hash);

function isUrl(value: string, protocols: string[]): boolean {
  try {
    return protocols.includes(new URL(value).protocol);
  } catch {
    return false;
  }
}
