import type { ChatMessage, ToolRequest } from '../../src/switch-gateway/switch-gateway.types';

const ROLES: readonly string[] = ['system', 'user', 'assistant', 'tool'];
const CALL_ID = /^[a-zA-Z0-9_-]{1,40}$/;
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** What OpenAI's chat API, or one that means to be like it, refuses a list of messages for; empty: it takes them. */
export function violations(messages: ChatMessage[]): string[] {
  const found: string[] = [];
  let unanswered = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const complaints = message.role === 'tool' ? ofAnswer(message, unanswered) : ofOthers(message, unanswered);
    found.push(...complaints.map((complaint) => `${index}: ${complaint}`));
    if (message.role !== 'tool') unanswered = new Set(callsOf(message).map(({ id }) => id));
  }
  if (unanswered.size > 0) found.push(`end: no answer to ${[...unanswered].join(', ')}`);
  const last = messages.at(-1)?.role;
  if (last !== 'user' && last !== 'tool') found.push(`end: the last message is ${last ? `of ${last}` : 'missing'}`);
  return found;
}

/** Takes the answered call off the list. */
function ofAnswer(message: ChatMessage & { role: 'tool' }, unanswered: Set<string>): string[] {
  const { toolCallId, toolName, content } = message;
  return [
    ...(unanswered.delete(toolCallId) ? [] : [`answers ${JSON.stringify(toolCallId)}, which is not open`]),
    ...(TOOL_NAME.test(toolName) ? [] : [`${JSON.stringify(toolName)} is no name of a tool`]),
    ...(isBlank(content) ? ['says nothing'] : []),
  ];
}

function ofOthers(message: Exclude<ChatMessage, { role: 'tool' }>, unanswered: ReadonlySet<string>): string[] {
  const calls = callsOf(message);
  const ids = calls.map(({ id }) => id);
  return [
    ...(unanswered.size > 0 ? [`comes before an answer to ${[...unanswered].join(', ')}`] : []),
    ...(ROLES.includes(message.role) ? [] : [`there is no role ${JSON.stringify(message.role)}`]),
    ...(isBlank(message.content) && calls.length === 0 ? ['says nothing'] : []),
    ...(new Set(ids).size < ids.length ? ['asks twice under one id'] : []),
    ...calls.flatMap(ofRequest),
  ];
}

function ofRequest({ id, name, arguments: given }: ToolRequest): string[] {
  return [
    ...(CALL_ID.test(id) ? [] : [`${JSON.stringify(id)} is no id of a call`]),
    ...(TOOL_NAME.test(name) ? [] : [`${JSON.stringify(name)} is no name of a tool`]),
    ...(isJsonObject(given) ? [] : [`the arguments ${JSON.stringify(given)} are no JSON object`]),
  ];
}

const callsOf = (message: ChatMessage): ToolRequest[] =>
  message.role === 'assistant' ? (message.toolCalls ?? []) : [];

const isBlank = (text: string): boolean => text.trim() === '';

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
