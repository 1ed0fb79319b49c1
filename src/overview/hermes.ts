import { z } from 'zod';
import { label } from '../upstream/foreign-text';
import type { CliTool, LocalModel } from './overview.types';
import { type JsonObject, UnusableReply, isObject } from './reply';

const LIST_MAX = 100;
const NAME_LENGTH = 64;
const VERSION_LENGTH = 32;
/** What a model says of itself when it can be used. */
const USABLE = new Set(['available', 'ok', 'ready', 'loaded', 'installed', 'active']);

const toolSchema = z.object({
  name: z.string().optional().catch(undefined),
  provider: z.string().optional().catch(undefined),
  available: z.boolean().nullish().catch(null),
  version: z.string().nullish().catch(null),
});
const modelSchema = z.object({
  name: z.string(),
  size_mb: z.number().min(0).nullish().catch(null),
  available: z.boolean().nullish().catch(null),
  status: z.string().nullish().catch(null),
});
const amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER).transform(Math.floor);
const tokenSchema = z.object({ limit_daily: amount, used: amount.nullish().catch(null) });

/** Null: Hermes does not say. */
export interface HermesResources {
  cliTools: CliTool[] | null;
  localModels: LocalModel[] | null;
}

/** Tools and models, in the shape of either revision. */
export function parseResources(body: JsonObject): HermesResources {
  const cliTools = toolsOf(body);
  const localModels = modelsOf(body['local_models']);
  if (!cliTools && !localModels) throw new UnusableReply('answered without tools and models');
  return { cliTools, localModels };
}

export interface TokenBudget {
  max: number;
  /** Null: for one of the tokens it is not said how much is used. */
  available: number | null;
}

/** What the CLI tokens may spend in a day, all together. Who they belong to and what they are is not read. */
export function parseTokenBudget(body: JsonObject): TokenBudget {
  const list = body['cli_tokens'];
  const entries = Array.isArray(list) ? (list as unknown[]) : isObject(list) ? Object.values(list) : [];
  const tokens = entries.flatMap((entry) => tokenSchema.safeParse(entry).data ?? []);
  if (tokens.length === 0) throw new UnusableReply('answered without limits of tokens');
  const left = tokens.map(({ limit_daily, used }) => (used == null ? null : Math.max(0, limit_daily - used)));
  return {
    max: sum(tokens.map(({ limit_daily }) => limit_daily)),
    available: left.every((amount) => amount !== null) ? sum(left) : null,
  };
}

/** A registry and a list of providers, as in revision A, or a map of names, as in H. */
function toolsOf(body: JsonObject): CliTool[] | null {
  const { cli_registry: registry, cli_providers: providers, cli } = body;
  const lists = [registry, providers].filter((list): list is unknown[] => Array.isArray(list));
  if (lists.length === 0 && !isObject(cli)) return null;
  const flags = isObject(cli) ? Object.entries(cli).map(([name, flag]) => toTool(flag, name)) : [];
  return unique([...lists.flat().map((entry) => toTool(entry)), ...flags]);
}

function modelsOf(list: unknown): LocalModel[] | null {
  if (!Array.isArray(list)) return null;
  return unique((list as unknown[]).map(toModel));
}

/** What is listed without a word about it can be used: Hermes lists what it has. */
function toTool(entry: unknown, key?: string): CliTool | null {
  if (typeof entry === 'boolean') return { name: key ?? '', available: entry, version: null };
  const tool = toolSchema.safeParse(typeof entry === 'string' && !key ? { name: entry } : entry).data;
  if (!tool) return null;
  const { name = tool.provider ?? key ?? '', available, version } = tool;
  return { name, available: available ?? true, version: version ? label(version, VERSION_LENGTH) : null };
}

function toModel(entry: unknown): LocalModel | null {
  const model = modelSchema.safeParse(typeof entry === 'string' ? { name: entry } : entry).data;
  if (!model) return null;
  const { name, size_mb, available, status } = model;
  return { name, sizeMb: size_mb ?? null, available: available ?? (!status || USABLE.has(status.toLowerCase())) };
}

/** Entries with a name, the first of each, and no more than are worth showing. */
function unique<Entry extends { name: string }>(entries: (Entry | null)[]): Entry[] {
  const byName = new Map<string, Entry>();
  for (const entry of entries) {
    const name = entry && label(entry.name, NAME_LENGTH);
    if (name && !byName.has(name)) byName.set(name, { ...entry, name });
    if (byName.size === LIST_MAX) break;
  }
  return [...byName.values()];
}

const sum = (amounts: number[]): number =>
  Math.min(
    amounts.reduce((total, amount) => total + amount, 0),
    Number.MAX_SAFE_INTEGER,
  );
