import type { HistoryMessage } from '../session/session.types';
import type { ChatMessage } from '../switch-gateway/switch-gateway.types';

export interface PromptInput {
  /** Newest first, without the current message. */
  history: HistoryMessage[];
  message: string;
  contextSummary: string | null;
  /** Bytes of UTF-8 that the history may take. */
  historyMaxBytes: number;
}

/**
 * What an engine gets to read: the context, the newest messages that fit the budget, oldest first, and the current
 * message last. Total: any history gives a valid prompt.
 */
export function buildPrompt({ history, message, contextSummary, historyMaxBytes }: PromptInput): ChatMessage[] {
  const recent: ChatMessage[] = [];
  let budget = historyMaxBytes;
  for (const { role, content } of history) {
    if (content.trim() === '') continue;
    budget -= Buffer.byteLength(content);
    if (budget < 0) break;
    recent.push(toChatMessage(role, content));
  }
  return [
    ...(contextSummary?.trim() ? [{ role: 'system' as const, content: `Context: ${contextSummary}` }] : []),
    ...recent.reverse(),
    { role: 'user', content: message },
  ];
}

/** Roles that only the original wrote, such as `tool`, are told rather than played: engines know three. */
function toChatMessage(role: string, content: string): ChatMessage {
  if (role === 'user' || role === 'assistant' || role === 'system') return { role, content };
  return { role: 'system', content: `${role}: ${content}` };
}
