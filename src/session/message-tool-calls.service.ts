import { Injectable } from '@nestjs/common';
import { firstToolCalls } from './first-tool-calls';
import { MessageToolCallRepository, type ToolCallPlace } from './message-tool-call.repository';
import type { OperatorMessage } from './operator-message.entity';
import type { FirstToolCalls, RecordedToolCall } from './session.types';

/** Calls shown with a message; the others are listed by telemetry. */
const CALLS_PER_MESSAGE = 20;
/** Results of all messages of a page together. */
const RESULT_BYTES_PER_PAGE = 4 * 1024 * 1024;
const CALLS_AT_ONCE = 50;

export interface MessageWithToolCalls {
  message: OperatorMessage;
  toolCalls: FirstToolCalls;
}

/** Puts tool calls to the messages that they hang on, within bounds. */
@Injectable()
export class MessageToolCallsService {
  constructor(private readonly toolCalls: MessageToolCallRepository) {}

  /** Messages of one session, as they come one after the other, with the first calls of each. */
  async withFirst(sessionId: string, messages: OperatorMessage[]): Promise<MessageWithToolCalls[]> {
    if (messages.length === 0) return [];
    const [oldest, newest] = [messages[0]!.id, messages.at(-1)!.id];
    // One more than is shown, to know whether there are more.
    const keys = await this.toolCalls.firstOfEach(sessionId, oldest, newest, CALLS_PER_MESSAGE + 1);
    const { ids, cut } = firstToolCalls(keys, CALLS_PER_MESSAGE, RESULT_BYTES_PER_PAGE);
    const calls = new Map<number, RecordedToolCall[]>();
    for (const call of ids.length > 0 ? await this.toolCalls.withIds(ids) : []) {
      calls.set(call.messageId, [...(calls.get(call.messageId) ?? []), call]);
    }
    return messages.map((message) => ({
      message,
      toolCalls: { calls: calls.get(message.id) ?? [], hasMore: cut.has(message.id) },
    }));
  }

  /** Every call of a message in the order in which they were recorded, a few in memory at a time. */
  async *everyCall({ message, toolCalls }: MessageWithToolCalls): AsyncGenerator<RecordedToolCall> {
    if (!toolCalls.hasMore) return yield* toolCalls.calls;
    for (let after: ToolCallPlace | null = null; ;) {
      const places: ToolCallPlace[] = await this.toolCalls.keysAfter(message.id, after, CALLS_AT_ONCE);
      if (places.length === 0) return;
      yield* await this.toolCalls.withIds(places.map(({ id }) => id));
      after = places.at(-1)!;
    }
  }
}
