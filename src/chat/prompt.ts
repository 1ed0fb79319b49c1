import { excerpt } from '../common/excerpt';
import type { HistoryMessage } from '../session/session.types';
import type { ChatMessage, ToolRequest } from '../switch-gateway/switch-gateway.types';
import type { TurnToolCall } from '../telemetry/tool-calls/tool-call.types';
import { jsonArguments } from '../tools/json-arguments';
import { INTERRUPTED } from './tools/tool-call-events';

export interface PromptInput {
  /** Newest first, without the current message. */
  history: HistoryMessage[];
  /** Tool calls of those turns, and of this one, each turn's in the order in which it asked. */
  toolCalls: TurnToolCall[];
  turnId: string;
  message: string;
  contextSummary: string | null;
  /** Bytes of UTF-8 that the history may take, and the results of this turn's tools. */
  historyMaxBytes: number;
  toolsMaxBytes: number;
}

const NOTHING = 'It has ended, and there is nothing to tell of it.';
const LEFT_OUT = 'The result is left out here: it was long, and others have come since.';
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const ID_LENGTH = 9;

type ToolResult = Extract<ChatMessage, { role: 'tool' }>;

/**
 * What an engine gets to read: the context, the newest messages that fit the budget, oldest first, the current message,
 * and what its tools have found so far. Total: any history gives a valid prompt, in which every call has its answer.
 */
export function buildPrompt(input: PromptInput): ChatMessage[] {
  const { toolCalls, turnId, message, contextSummary, toolsMaxBytes } = input;
  const steps = stepsOf(toolCalls.filter((call) => call.turnId === turnId));
  return [
    ...(contextSummary?.trim() ? [{ role: 'system' as const, content: `Context: ${contextSummary}` }] : []),
    ...recent(input),
    { role: 'user', content: message },
    ...withinBudget(steps, toolsMaxBytes).flat(),
  ];
}

/** Newest first they are chosen, oldest first they are told. What a turn has called comes after what it was asked. */
function recent({ history, toolCalls, historyMaxBytes }: PromptInput): ChatMessage[] {
  const chosen: ChatMessage[] = [];
  const answered = new Set<string>();
  let budget = historyMaxBytes;
  for (const { role, content, turnId, isIncomplete } of history) {
    if (role === 'assistant' && turnId !== null) {
      // What was cut off, and then answered after all, would be said twice.
      if (isIncomplete && answered.has(turnId)) continue;
      answered.add(turnId);
    }
    if (role === 'user' && turnId !== null) {
      for (const step of stepsOf(toolCalls.filter((call) => call.turnId === turnId)).reverse()) {
        const size = bytesOf(step);
        if (size > budget) break;
        budget -= size;
        chosen.push(...step.toReversed());
      }
    }
    if (content.trim() === '') continue;
    budget -= Buffer.byteLength(content);
    if (budget < 0) break;
    chosen.push(toChatMessage(role, content));
  }
  return chosen.reverse();
}

/** Roles that only the original wrote, such as `tool`, are told rather than played: engines know no tool without a call. */
function toChatMessage(role: string, content: string): ChatMessage {
  if (role === 'user' || role === 'assistant' || role === 'system') return { role, content };
  return { role: 'system', content: `${role}: ${content}` };
}

/** The messages of each step: what was asked for, and then the answer to each of it. */
function stepsOf(calls: TurnToolCall[]): ChatMessage[][] {
  const steps = new Map<number, TurnToolCall[]>();
  for (const call of calls) steps.set(call.step, [...(steps.get(call.step) ?? []), call]);
  return [...steps.values()].map((made) => [
    { role: 'assistant', content: '', toolCalls: made.map(toRequest) },
    ...made.map(toResult),
  ]);
}

function toRequest({ id, toolName, arguments: given }: TurnToolCall): ToolRequest {
  return { id: requestId(id), name: nameOf(toolName), arguments: jsonArguments(given) };
}

function toResult({ id, toolName, status, told, source }: TurnToolCall): ToolResult {
  const answer = { role: 'tool' as const, toolCallId: requestId(id), toolName: nameOf(toolName) };
  if (told?.trim()) return { ...answer, content: told, source };
  return { ...answer, content: status === 'pending' ? INTERRUPTED : NOTHING, source: null };
}

/** Nine letters and digits, which is all that some engines accept. */
const requestId = (id: number): string => id.toString(36).padStart(ID_LENGTH, '0');

/** Engines refuse a history with a name in it that no tool could have. */
const nameOf = (toolName: string): string => (TOOL_NAME.test(toolName) ? toolName : 'unknown_tool');

/** The last step's results whatever they take, each its share; of those before it, what does not fit is left out. */
function withinBudget(steps: ChatMessage[][], maxBytes: number): ChatMessage[][] {
  let budget = maxBytes;
  return steps
    .toReversed()
    .map((step, age) => {
      const size = bytesOf(step);
      const shown = size <= budget ? step : step.map(age === 0 ? cutTo(maxBytes / step.length) : leaveOut);
      budget -= size;
      return shown;
    })
    .reverse();
}

const leaveOut = (message: ChatMessage): ChatMessage =>
  message.role === 'tool'
    ? { ...message, content: LEFT_OUT, source: null }
    : { ...message, ...withoutArguments(message) };

const cutTo =
  (maxBytes: number) =>
  (message: ChatMessage): ChatMessage =>
    message.role === 'tool' ? { ...message, content: excerpt(message.content, maxBytes).trim() || LEFT_OUT } : message;

const withoutArguments = (message: ChatMessage) =>
  message.role === 'assistant' && { toolCalls: message.toolCalls?.map((call) => ({ ...call, arguments: '{}' })) };

const bytesOf = (messages: ChatMessage[]): number =>
  messages.reduce(
    (sum, message) =>
      sum +
      Buffer.byteLength(message.content) +
      (message.role === 'assistant'
        ? (message.toolCalls ?? []).reduce(
            (size, call) => size + call.name.length + Buffer.byteLength(call.arguments),
            0,
          )
        : 0),
    0,
  );
