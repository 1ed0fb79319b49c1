import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { envSchema } from '../src/config/env';
import { expectation } from '../src/config/variables';

const BEGIN = '<!-- config:begin, by `npm run docs:config` -->';
const END = '<!-- config:end -->';

/** The README's table of settings, from the schema that reads them. */
export function configTable(): string {
  const rows = Object.entries(envSchema.shape).map(([name, schema]) => {
    const accepts = expectation(schema).replace('a text', '').replaceAll('<', '\\<');
    return `| \`${name}\` | ${accepts} | ${defaultOf(schema)} | ${schema.description ?? ''} |`;
  });
  return ['| Variable | Accepts | Default | |', '|---|---|---|---|', ...rows].join('\n');
}

/** The text with the table between its marks. */
export function withConfigTable(text: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`The README has no ${BEGIN} … ${END}.`);
  return `${text.slice(0, begin + BEGIN.length)}\n\n${configTable()}\n\n${text.slice(end)}`;
}

function defaultOf(schema: z.ZodType): string {
  if (!(schema instanceof z.ZodDefault)) return '';
  const value: unknown = schema.def.defaultValue;
  return `\`${Array.isArray(value) ? value.join(',') : String(value)}\``;
}

if (require.main === module) writeFileSync('README.md', withConfigTable(readFileSync('README.md', 'utf8')));
