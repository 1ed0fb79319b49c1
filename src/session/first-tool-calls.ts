import type { ToolCallKey } from './message-tool-call.repository';

/**
 * Which calls to show of messages that may have any number of them, with results of any size: `perMessage` of each, as
 * long as all results together stay within `bytes`. A message that is cut short is named in `cut`.
 */
export function firstToolCalls(
  keys: readonly ToolCallKey[],
  perMessage: number,
  bytes: number,
): { ids: number[]; cut: Set<number> } {
  const shown = new Map<number, number>();
  const cut = new Set<number>();
  const ids: number[] = [];
  let left = bytes;
  for (const { id, message_id: messageId, result_bytes: size } of keys) {
    const count = shown.get(messageId) ?? 0;
    if (cut.has(messageId)) continue;
    if (count === perMessage || size > left) {
      cut.add(messageId);
      continue;
    }
    shown.set(messageId, count + 1);
    left -= size;
    ids.push(id);
  }
  return { ids, cut };
}
