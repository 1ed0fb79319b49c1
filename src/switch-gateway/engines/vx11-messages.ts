import { fenced } from '../prompt-fence';
import type { ChatMessage, Prompt } from '../switch-gateway.types';

/** All that Switch knows of a message. */
export interface SwitchMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** A conversation without tools: their results are told, and that they were asked for is left out. */
export function toSwitch({ messages, sessionId }: Prompt): SwitchMessage[] {
  return messages.map((message) => switchMessage(message, sessionId)).filter(({ content }) => content !== '');
}

/** The whole conversation as one user message, for revisions that read no more than one. */
export function pack(messages: SwitchMessage[]): SwitchMessage[] {
  const only = messages.length === 1 ? messages[0]!.content : messages.map(told).join('\n\n');
  return [{ role: 'user', content: only }];
}

function switchMessage(message: ChatMessage, seed: string): SwitchMessage {
  if (message.role !== 'tool') return { role: message.role, content: message.content };
  const { toolName, content, source } = message;
  return {
    role: 'system',
    content: `tool ${toolName}: ${source === null ? content : fenced(content, source, seed)}`,
  };
}

const told = ({ role, content }: SwitchMessage): string => `${role}: ${content}`;
