import type { ChatMessage } from '../switch-gateway/switch-gateway.types';

/** As much of a conversation as a span may carry, in characters. */
const CHARACTERS_MAX = 16_384;

/** Messages in the form of the GenAI conventions: the newest that fit, the last of them cut if need be. */
export function traceableMessages(messages: readonly ChatMessage[], max = CHARACTERS_MAX): string {
  const kept: object[] = [];
  let left = max;
  for (const { role, content } of messages.toReversed()) {
    if (left <= 0) break;
    kept.unshift({ role, parts: [{ type: 'text', content: content.slice(0, left) }] });
    left -= content.length;
  }
  return JSON.stringify(kept);
}
