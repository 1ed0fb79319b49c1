import { Injectable } from '@nestjs/common';
import { journal } from '../../common/logging/journal';
import { UnitOfWork } from '../../database/unit-of-work';
import { EventLogService } from '../../events/event-log.service';
import type { OperatorEventBody } from '../../events/events.types';
import { SessionService } from '../../session/session.service';
import type { TurnToolCall } from '../../telemetry/tool-calls/tool-call.types';
import { ToolCallService } from '../../telemetry/tool-calls/tool-call.service';
import {
  ApprovalDecidedError,
  ApprovalExpiredError,
  ApprovalNotFoundError,
  ArgumentsChangedError,
  TurnFinishedError,
} from '../chat.errors';
import { ChatService } from '../chat.service';
import { TurnLeases } from '../turn-leases';
import { TurnOutcomeService } from '../turn-outcome.service';
import { TurnRepository } from '../turn.repository';
import { isUndecided } from './approval';
import { decided, finished, started, withoutResult } from './tool-call-events';
import { hashOf } from './tool-call-plan';

const OVERDUE_AT_ONCE = 100;
const REFUSED = 'A person has refused this call. It was not run. Do not ask for it again.';

export interface Decision {
  toolCallId: number;
  turnId: string;
  decision: 'approved' | 'rejected';
  /** Of the turn, now: `running` if this was the last that it waited for. */
  turnStatus: string;
}

/** Lets a person decide on calls that must not be made without. */
@Injectable()
export class ApprovalService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly turns: TurnRepository,
    private readonly outcomes: TurnOutcomeService,
    private readonly leases: TurnLeases,
    private readonly chat: ChatService,
    private readonly sessions: SessionService,
    private readonly toolCalls: ToolCallService,
    private readonly events: EventLogService,
  ) {}

  /** Decides once, on exactly these arguments. With the last decision that its turn waits for, the turn goes on. */
  async decide(id: number, decision: Decision['decision'], argumentsHash: string): Promise<Decision> {
    const call = await this.toolCalls.find(id);
    if (!call || call.approval === null) throw new ApprovalNotFoundError();
    const stored = await this.unitOfWork.run(() => this.store(call, decision, argumentsHash));
    journal(`tool_call:${decision}:${call.toolName}`, { session_id: call.sessionId, turn_id: call.turnId });
    return stored;
  }

  /** Ends the turns for which nobody has decided in time. */
  async expire(): Promise<void> {
    for (const turnId of await this.toolCalls.turnsOverdue(new Date(), OVERDUE_AT_ONCE)) {
      await this.unitOfWork.run(async () => {
        const turn = await this.turns.byId(turnId);
        if (turn?.status === 'awaiting_approval') await this.outcomes.close(turn, new ApprovalExpiredError(), null);
      });
    }
  }

  private async store(
    { id, sessionId, turnId }: TurnToolCall,
    decision: Decision['decision'],
    argumentsHash: string,
  ): Promise<Decision> {
    const at = new Date();
    if (!(await this.sessions.lock(sessionId, at))) throw new ApprovalNotFoundError();
    const call = (await this.toolCalls.find(id))!;
    const turn = (await this.turns.byId(turnId))!;
    const exact = hashOf(call.toolName, call.arguments);
    if (exact !== argumentsHash) throw new ArgumentsChangedError(id, exact);
    const answer = (status: string) => ({ toolCallId: id, turnId, decision, turnStatus: status });
    if (call.approval === decision) return answer(turn.status);
    if (turn.status !== 'running' && turn.status !== 'awaiting_approval')
      throw new TurnFinishedError(turnId, turn.status);
    if (call.approval !== 'pending') throw new ApprovalDecidedError(id, call.approval!);
    if (call.approvalExpiresAt! <= at) throw new ApprovalExpiredError();

    await this.toolCalls.decide(id, decision);
    const events: OperatorEventBody[] = [decided(call, decision)];
    if (decision === 'rejected') {
      const end = withoutResult('rejected', REFUSED);
      await this.toolCalls.finish(id, end, at);
      events.push(finished(call, end));
    } else {
      events.push(started(call));
    }
    const isLast = !(await this.toolCalls.madeIn([turnId])).some(isUndecided);
    const goesOn = isLast && turn.status === 'awaiting_approval' && (await this.turns.resume(turn, this.leases.next()));
    if (goesOn) {
      events.push({ type: 'turn.resumed', data: { turn_id: turnId } });
      this.unitOfWork.afterCommit(() => void this.chat.goOn(turn, this.leases.take(turn)));
    }
    await this.events.append(sessionId, events, at);
    return answer(goesOn ? 'running' : turn.status);
  }
}
