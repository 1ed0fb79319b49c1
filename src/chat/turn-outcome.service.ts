import { Injectable } from '@nestjs/common';
import type { OperatorError } from '../common/errors/operator.error';
import { UnitOfWork } from '../database/unit-of-work';
import { EventLogService } from '../events/event-log.service';
import type { OperatorEventBody } from '../events/events.types';
import { SessionService } from '../session/session.service';
import { INCOMPLETE } from '../session/session.types';
import { SwitchError } from '../switch-gateway/switch.errors';
import type { SwitchReply } from '../switch-gateway/switch-gateway.types';
import { FeedbackService } from '../telemetry/feedback/feedback.service';
import type { StoredToolCall } from '../telemetry/tool-calls/tool-call.types';
import { ToolCallService } from '../telemetry/tool-calls/tool-call.service';
import { TurnFinishedError, TurnLostError } from './chat.errors';
import { INTERRUPTED, decided, finished, withoutResult } from './tools/tool-call-events';
import { TurnLeases } from './turn-leases';
import type { Piece } from './turn-text';
import { TurnRepository } from './turn.repository';
import type { RunningTurn, SoFar, TurnRecord } from './turn.types';

/** Who is meant when Switch does not say which engine it was. */
const ROUTER = 'switch';

type Attempt = Pick<RunningTurn, 'id' | 'sessionId' | 'attempt'>;
/** As far as closing a turn needs to know it; `firstSeq` is null for turns from before there was anything to watch. */
type OpenTurn = Attempt & Pick<TurnRecord, 'firstSeq'>;

const NOT_RUN = 'Nobody had agreed to this call when its turn ended. It was not run.';
const CLOSED = {
  interrupted: INTERRUPTED,
  cancelled: 'This call was cancelled. Whether it has done anything before is not known.',
  approval_expired: 'Nobody agreed to this call in time. It was not run.',
};

/** Ends turns, or lets them wait: what is kept of them, and what those are told who watch, is one transaction. */
@Injectable()
export class TurnOutcomeService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly turns: TurnRepository,
    private readonly leases: TurnLeases,
    private readonly sessions: SessionService,
    private readonly toolCalls: ToolCallService,
    private readonly feedback: FeedbackService,
    private readonly events: EventLogService,
  ) {}

  /**
   * Stores the answer, `rest` of which has not been stored yet. Throws `TurnLostError`, and stores nothing, if the turn
   * was taken from us meanwhile.
   */
  succeed(
    turn: RunningTurn,
    reply: Pick<SwitchReply, 'engine' | 'tokens' | 'isPartial' | 'fallbackFrom'>,
    { text, rest, hasCalledTools }: { text: string; rest: Piece; hasCalledTools: boolean },
    latencyMs: number,
  ): Promise<{ messageId: number; toolCalls: StoredToolCall[] }> {
    const { id, sessionId, attempt } = turn;
    const { engine, tokens, isPartial, fallbackFrom } = reply;
    const at = new Date();
    return this.unitOfWork.run(async () => {
      const messageId = await this.sessions.append({
        sessionId,
        turnId: id,
        role: 'assistant',
        content: text,
        metadata: isPartial ? { partial: true } : null,
        at,
      });
      if (!(await this.turns.succeed(turn, { engine, fallbackFrom, latencyMs, tokens }, at))) throw new TurnLostError();
      if (hasCalledTools) await this.toolCalls.moveTo(messageId, id);
      const end = { turn_id: id, attempt, engine, latency_ms: latencyMs, message_id: messageId };
      await this.events.append(
        sessionId,
        [
          ...pieces(turn, rest),
          { type: 'message.created', data: { message_id: messageId, turn_id: id, role: 'assistant' } },
          { type: 'turn.succeeded', data: end },
        ],
        at,
      );
      await this.feedback.ofTurn(
        { engine: engine ?? ROUTER, success: true, latencyMs, tokens: tokens ?? undefined },
        at,
      );
      return { messageId, toolCalls: hasCalledTools ? await this.toolCalls.madeIn([id]) : [] };
    });
  }

  /** Stores that there is no answer, and why. Nothing happens if the turn was taken from us meanwhile. */
  fail(turn: OpenTurn, error: OperatorError, latencyMs: number | null): Promise<void> {
    return this.unitOfWork.run(() => this.close(turn, error, latencyMs));
  }

  /** The same within the caller's transaction. What was said is kept, as an answer that was cut off. */
  async close(turn: OpenTurn, error: OperatorError, latencyMs: number | null): Promise<void> {
    const { id, sessionId, attempt } = turn;
    const { code, message } = error;
    const at = new Date();
    if (!(await this.sessions.lock(sessionId, at))) return;
    if (!(await this.turns.fail(turn, { code, detail: message, latencyMs }, at))) return;
    const said = await this.keepWhatWasSaid(turn, at);
    await this.closeToolCalls(turn, code === 'approval_expired' ? code : 'interrupted', at);
    const end = { turn_id: id, attempt, error: code, detail: message, message_id: said.messageId };
    await this.events.append(sessionId, [...said.events, { type: 'turn.failed', data: end }], at);
    if (error instanceof SwitchError && error.wasAsked) {
      const engine = error.engine ?? ROUTER;
      await this.feedback.ofTurn({ engine, success: false, latencyMs: latencyMs ?? 0, error: code }, at);
    }
  }

  /** The state first: whoever is at the turn hears of it when that is durable. Cancelling twice is cancelling once. */
  async cancel(id: string, sessionId: string): Promise<boolean> {
    try {
      return await this.cancelNow(id, sessionId);
    } catch (error) {
      this.leases.thaw(id);
      throw error;
    }
  }

  private cancelNow(id: string, sessionId: string): Promise<boolean> {
    const at = new Date();
    return this.unitOfWork.run(async () => {
      if (!(await this.sessions.lock(sessionId, at))) throw new TurnLostError();
      const turn = (await this.turns.byId(id))!;
      if (!(await this.turns.cancel(turn, at))) {
        if (turn.status === 'cancelled') return false;
        throw new TurnFinishedError(id, turn.status);
      }
      const said = await this.keepWhatWasSaid(turn, at);
      await this.closeToolCalls(turn, 'cancelled', at);
      const end = { turn_id: id, attempt: turn.attempt, message_id: said.messageId };
      await this.events.append(sessionId, [...said.events, { type: 'turn.cancelled', data: end }], at);
      return true;
    });
  }

  /** Lets a turn wait for a person. False: all has been decided meanwhile, and it goes on. */
  suspend(turn: RunningTurn, rest: Piece, soFar: SoFar): Promise<boolean> {
    const at = new Date();
    return this.unitOfWork.run(async () => {
      if (!(await this.sessions.lock(turn.sessionId, at))) throw new TurnLostError();
      const made = await this.toolCalls.madeIn([turn.id]);
      if (!made.some(({ approval, status }) => approval === 'pending' && status === 'pending')) return false;
      if (!(await this.turns.suspend(turn, soFar))) throw new TurnLostError();
      const waits = { type: 'turn.awaiting_approval' as const, data: { turn_id: turn.id } };
      await this.events.append(turn.sessionId, [...pieces(turn, rest), waits], at);
      return true;
    });
  }

  /** Stores a piece of the answer. `stored` is called when it is durable. Throws if the turn was taken from us. */
  say(turn: RunningTurn, piece: Piece, stored: () => void): Promise<void> {
    const at = new Date();
    return this.unitOfWork.run(async () => {
      if (!(await this.sessions.lock(turn.sessionId, at))) throw new TurnLostError();
      if (!(await this.turns.isRunning(turn))) throw new TurnLostError();
      await this.events.append(turn.sessionId, pieces(turn, piece), at);
      this.unitOfWork.afterCommit(stored);
    });
  }

  /** Ends the calls that are still open, in the caller's transaction: a call without an answer could not be told of. */
  async closeToolCalls(
    { id, sessionId }: { id: string; sessionId: string },
    why: keyof typeof CLOSED,
    at: Date,
  ): Promise<void> {
    const open = (await this.toolCalls.madeIn([id])).filter(({ status }) => status === 'pending');
    const closed: OperatorEventBody[] = [];
    for (const call of open) {
      // Nobody has decided, and nobody can any more.
      if (call.approval === 'pending') {
        await this.toolCalls.decide(call.id, 'expired');
        closed.push(decided(call, 'expired'));
      }
      const wasRun = call.approval === null || call.approval === 'approved';
      const told = wasRun || why === 'approval_expired' ? CLOSED[why] : NOT_RUN;
      const end = withoutResult(why, told);
      await this.toolCalls.finish(call.id, end, at);
      closed.push(finished(call, end));
    }
    if (closed.length > 0) await this.events.append(sessionId, closed, at);
  }

  /** What a turn of this process has said is known here; what one of another has, as far as that was stored. */
  private async keepWhatWasSaid(
    turn: OpenTurn,
    at: Date,
  ): Promise<{ messageId: number | null; events: OperatorEventBody[] }> {
    const { id, sessionId, attempt, firstSeq } = turn;
    if (firstSeq === null) return { messageId: null, events: [] };
    const stored = await this.events.textOf(sessionId, id, attempt, firstSeq);
    const text = this.leases.freeze(id) ?? stored;
    if (text.trim() === '') return { messageId: null, events: [] };
    const messageId = await this.sessions.append({
      sessionId,
      turnId: id,
      role: 'assistant',
      content: text,
      metadata: INCOMPLETE,
      at,
    });
    const rest = { offset: stored.length, text: text.slice(stored.length) };
    const created = { message_id: messageId, turn_id: id, role: 'assistant' as const };
    return { messageId, events: [...pieces(turn, rest), { type: 'message.created', data: created }] };
  }
}

const pieces = ({ id, attempt }: Attempt, { offset, text }: Piece): OperatorEventBody[] =>
  text === '' ? [] : [{ type: 'message.delta', data: { turn_id: id, attempt, offset, text } }];
