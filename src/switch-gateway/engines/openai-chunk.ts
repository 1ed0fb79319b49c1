import { SwitchBadReplyError } from '../switch.errors';

/** A piece of an answer; what it does not say is empty, or null. */
export interface Chunk {
  model: string;
  tokens: number | null;
  finishReason: string | null;
  content: string;
  calls: CallPiece[];
  /** What a model thinks is for nobody, but it is a sign of life. */
  hasThoughts: boolean;
}

/** A piece of a call of a tool. */
export interface CallPiece {
  index: number | null;
  id: string;
  name: string;
  arguments: string;
}

type Fields = Record<string, unknown>;

const TOKENS_MAX = 2_147_483_647;
const NO_CALLS: CallPiece[] = [];

/**
 * Reads what a model server has sent, leniently where nothing hangs on it. Without a schema, which would be a tenth of
 * what a word costs.
 *
 * @throws SwitchBadReplyError
 */
export function readChunk(value: unknown): Chunk {
  const chunk = object(value) ?? wrong();
  if (chunk.object === 'error') throw bad('it reports an error');
  const choices = list(chunk.choices);
  const choice = choices.length > 0 ? (object(choices[0]) ?? wrong()) : null;
  const delta = choice && object(choice.delta);
  return {
    model: textOrNone(chunk.model),
    tokens: tokensOf(chunk.usage),
    finishReason: (choice && text(choice.finish_reason)) || null,
    content: delta ? text(delta.content) : '',
    calls: delta?.tool_calls ? list(delta.tool_calls).map(callPiece) : NO_CALLS,
    // The names that vLLM and Ollama have for it.
    hasThoughts: delta !== null && (textOrNone(delta.reasoning_content) || textOrNone(delta.reasoning)) !== '',
  };
}

export const bad = (what: string): SwitchBadReplyError => new SwitchBadReplyError(what, undefined, 'The model server');

function callPiece(value: unknown): CallPiece {
  const { index, id, function: called } = object(value) ?? wrong();
  const { name, arguments: written } = object(called) ?? {};
  return {
    index: Number.isSafeInteger(index) ? (index as number) : null,
    id: textOrNone(id),
    name: text(name),
    arguments: text(written),
  };
}

function tokensOf(usage: unknown): number | null {
  const total = (usage as Fields | null | undefined)?.total_tokens;
  return Number.isInteger(total) && Number(total) >= 0 && Number(total) <= TOKENS_MAX ? (total as number) : null;
}

function object(value: unknown): Fields | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : wrong();
}

function list(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : wrong();
}

function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : wrong();
}

const textOrNone = (value: unknown): string => (typeof value === 'string' ? value : '');

function wrong(): never {
  throw bad('a piece of it is not as it should be');
}
