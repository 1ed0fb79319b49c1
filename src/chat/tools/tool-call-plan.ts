import { createHash } from 'node:crypto';
import { excerpt } from '../../common/excerpt';
import type { EngineName, ToolRequest } from '../../switch-gateway/switch-gateway.types';
import type { TurnToolCall } from '../../telemetry/tool-calls/tool-call.types';
import type { Tool } from '../../tools/tool.types';
import { storable } from '../../upstream/foreign-text';

/** Calls of one step that are run; what an engine asks for beyond is answered with a refusal. */
export const CALLS_AT_ONCE = 16;
/** More than these at once nobody asks for in earnest. */
export const CALLS_MAX = 128;
const NAME_LENGTH = 100;
const PROBLEM_BYTES = 1_000;

/** What is to become of a call that an engine asks for. */
export interface PlannedCall {
  toolName: string;
  /** As the engine wrote them. */
  arguments: string;
  /** Why it is not run, for the engine; null: it is. */
  refusal: string | null;
  needsApproval: boolean;
}

export interface Circumstances {
  /** Who asks: what the embedded engine asks for, a person has typed. */
  engine: EngineName;
  policy: 'write' | 'all' | 'none';
  /** Whether the engine has read what a page says: then it may be the page that asks. */
  hasReadForeignText: boolean;
}

/** Judges what an engine asks for, before anything of it is run. */
export function planCalls(
  requests: readonly ToolRequest[],
  find: (name: string) => Tool | undefined,
  circumstances: Circumstances,
): PlannedCall[] {
  return requests.map((request, index) => {
    const tool = find(request.name);
    const refusal =
      index < CALLS_AT_ONCE ? refusalOf(request, tool) : `At most ${CALLS_AT_ONCE} calls are run at once.`;
    return {
      toolName: storable(request.name.slice(0, NAME_LENGTH)) || 'unknown_tool',
      arguments: storable(request.arguments),
      refusal,
      needsApproval: refusal === null && needsApproval(tool!, circumstances),
    };
  });
}

/** The arguments as the tool wants them, or why they are of no use. */
export function readArguments(
  { parameters }: Tool,
  text: string,
): { value: Record<string, unknown> } | { problem: string } {
  let given: unknown;
  try {
    // Some engines write nothing where there is nothing to say.
    given = JSON.parse(text.trim() || '{}');
  } catch {
    return { problem: 'The arguments are no JSON.' };
  }
  const parsed = parameters.safeParse(given);
  if (parsed.success) return { value: parsed.data };
  const issues = parsed.error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.join('.') || 'arguments'}: ${message}`);
  return { problem: storable(excerpt(`The arguments do not fit. ${issues.join('. ')}.`, PROBLEM_BYTES)) };
}

/** What a person agrees to. */
export const hashOf = (toolName: string, given: string): string =>
  createHash('sha256').update(`${toolName}\n${given}`).digest('hex');

/** Whether somebody has read in these calls what is written on a page, in this turn or before it. */
export const readsForeignText = (calls: readonly TurnToolCall[]): boolean =>
  calls.some(({ source }) => source !== null);

function refusalOf({ name, arguments: given }: ToolRequest, tool: Tool | undefined): string | null {
  if (!tool) return `There is no tool ${JSON.stringify(name.slice(0, NAME_LENGTH))}.`;
  const read = readArguments(tool, given);
  return 'problem' in read ? read.problem : null;
}

function needsApproval({ effects }: Tool, { engine, policy, hasReadForeignText }: Circumstances): boolean {
  if (engine === 'embedded') return false;
  if (policy === 'all') return true;
  return effects === 'write' && (policy === 'write' || hasReadForeignText);
}
