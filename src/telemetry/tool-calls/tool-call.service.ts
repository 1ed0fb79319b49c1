import { Injectable } from '@nestjs/common';
import type { NewTurnToolCall, StoredToolCall, ToolApproval, ToolCallEnd, TurnToolCall } from './tool-call.types';
import { ToolCallRepository } from './tool-call.repository';
import { TurnToolCallRepository } from './turn-tool-call.repository';

/** The record of every tool that turns run. Writes join the caller's unit of work, which has locked the session. */
@Injectable()
export class ToolCallService {
  constructor(
    private readonly toolCalls: ToolCallRepository,
    private readonly ofTurn: TurnToolCallRepository,
  ) {}

  /** Before any of them is run. Returns their ids, in the same order. */
  async begin(calls: NewTurnToolCall[], at: Date): Promise<number[]> {
    return calls.length > 0 ? this.ofTurn.insert(calls, at) : [];
  }

  /** False: it has ended already, and stays as it is. */
  finish(id: number, end: ToolCallEnd, at: Date): Promise<boolean> {
    return this.ofTurn.finish(id, end, at);
  }

  /** False: it has been decided already. */
  decide(id: number, approval: ToolApproval): Promise<boolean> {
    return this.ofTurn.decide(id, approval);
  }

  find(id: number): Promise<TurnToolCall | undefined> {
    return this.ofTurn.find(id);
  }

  /** What these turns have called, each in the order in which it asked. */
  async madeIn(turnIds: string[]): Promise<TurnToolCall[]> {
    return turnIds.length > 0 ? this.ofTurn.ofTurns(turnIds) : [];
  }

  turnsOverdue(now: Date, limit: number): Promise<string[]> {
    return this.ofTurn.turnsOverdue(now, limit);
  }

  /** Hangs what a turn has called on its answer. */
  moveTo(messageId: number, turnId: string): Promise<void> {
    return this.ofTurn.moveTo(messageId, turnId);
  }

  /** What was called on the way to a message; not what was reported of it later. */
  recordedWith(messageId: number): Promise<StoredToolCall[]> {
    return this.toolCalls.recordedWith(messageId);
  }
}
