import { Injectable } from '@nestjs/common';
import type { FinishedToolCall, StoredToolCall } from './tool-call.types';
import { ToolCallRepository } from './tool-call.repository';

/** The record of every tool that was run. */
@Injectable()
export class ToolCallService {
  constructor(private readonly toolCalls: ToolCallRepository) {}

  /** Joins the caller's unit of work. */
  async record(messageId: number, calls: FinishedToolCall[], at: Date): Promise<StoredToolCall[]> {
    return calls.length > 0 ? this.toolCalls.append(messageId, calls, at) : [];
  }

  /** What was recorded with a message; not what was reported of it later. */
  recordedWith(messageId: number): Promise<StoredToolCall[]> {
    return this.toolCalls.recordedWith(messageId);
  }
}
