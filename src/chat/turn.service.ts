import { Inject, Injectable } from '@nestjs/common';
import type { OperatorError } from '../common/errors/operator.error';
import { type Idempotency, answersFor } from '../common/http/idempotency';
import { journal } from '../common/logging/journal';
import { CONFIG, type Config } from '../config/config';
import { isUniqueViolation } from '../database/database.errors';
import { UnitOfWork } from '../database/unit-of-work';
import { EventLogService } from '../events/event-log.service';
import { SessionReadService } from '../session/session-read.service';
import { SessionService } from '../session/session.service';
import type { HistoryMessage } from '../session/session.types';
import { SwitchError } from '../switch-gateway/switch.errors';
import type { SwitchReply } from '../switch-gateway/switch-gateway.types';
import { FeedbackService } from '../telemetry/feedback/feedback.service';
import type { StoredToolCall } from '../telemetry/tool-calls/tool-call.types';
import { ToolCallService } from '../telemetry/tool-calls/tool-call.service';
import { SessionBusyError, TurnInProgressError, TurnLostError, TurnNotFoundError } from './chat.errors';
import type { OperatorTurn } from './operator-turn.entity';
import { TurnLeases } from './turn-leases';
import { TurnRepository } from './turn.repository';
import type { ChatCommand, RunningTurn, TurnRecord } from './turn.types';

/** Who is meant when Switch does not say which engine it was. */
const ROUTER = 'switch';

export type Opening =
  { kind: 'run'; turn: RunningTurn; history: HistoryMessage[] } | { kind: 'replay'; record: TurnRecord };

/** The two transactions around every call to an engine: the question before it, the outcome after it. */
@Injectable()
export class TurnService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly turns: TurnRepository,
    private readonly leases: TurnLeases,
    private readonly sessions: SessionService,
    private readonly sessionReads: SessionReadService,
    private readonly toolCalls: ToolCallService,
    private readonly feedback: FeedbackService,
    private readonly events: EventLogService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async get(id: string): Promise<OperatorTurn> {
    const turn = await this.turns.find(id);
    if (!turn) throw new TurnNotFoundError();
    journal(`turn_retrieved:${id}`, { session_id: turn.sessionId, turn_id: id });
    return turn;
  }

  /** The turn that a request with this key began before; null when it is new, or its time is over. */
  async known(idempotency: Idempotency): Promise<TurnRecord | null> {
    const record = await this.turns.findByKey(idempotency.key);
    return record && answersFor(record, idempotency) ? record : null;
  }

  /**
   * Stores the question, before anybody is asked. A turn that its key has known before is not begun again: it is
   * replayed if it succeeded, else run on, on the same user message.
   */
  async open(command: ChatCommand, turn: { id: string; sessionId: string }): Promise<Opening> {
    try {
      return await this.openOnce(command, turn);
    } catch (error) {
      // Another instance has stored a twin of this request at the same moment: now it is known.
      if (isUniqueViolation(error)) return this.openOnce(command, turn);
      throw error;
    }
  }

  /** Runs on a turn that ended without an answer, or whose process is gone. */
  reopen(record: TurnRecord, userId: string): Promise<Opening> {
    return this.unitOfWork.run(() => this.resume(record, userId));
  }

  /** Stores the answer. Throws `TurnLostError`, and stores nothing, if the turn was taken from us meanwhile. */
  succeed(
    turn: RunningTurn,
    reply: SwitchReply,
    latencyMs: number,
  ): Promise<{ messageId: number; toolCalls: StoredToolCall[] }> {
    const { id, sessionId } = turn;
    const { engine, tokens, text, isPartial } = reply;
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
      if (!(await this.turns.succeed(turn, { engine, latencyMs, tokens }, at))) throw new TurnLostError();
      const toolCalls = await this.toolCalls.record(messageId, reply.toolCalls, at);
      await this.events.append(
        sessionId,
        [
          { type: 'message.created', data: { message_id: messageId, turn_id: id, role: 'assistant' } },
          { type: 'turn.succeeded', data: { turn_id: id, engine, latency_ms: latencyMs } },
        ],
        at,
      );
      await this.feedback.ofTurn(
        { engine: engine ?? ROUTER, success: true, latencyMs, tokens: tokens ?? undefined },
        at,
      );
      return { messageId, toolCalls };
    });
  }

  /** Stores that there is no answer, and why. Nothing happens if the turn was taken from us meanwhile. */
  fail(
    turn: Pick<RunningTurn, 'id' | 'sessionId' | 'attempt'>,
    error: OperatorError,
    latencyMs: number | null,
  ): Promise<void> {
    return this.unitOfWork.run(() => this.close(turn, error, latencyMs));
  }

  private openOnce(command: ChatCommand, { id, sessionId }: { id: string; sessionId: string }): Promise<Opening> {
    return this.unitOfWork.run(async () => {
      const known = command.idempotency && (await this.knownNow(command.idempotency));
      if (known?.status === 'succeeded') return { kind: 'replay', record: known };
      if (!known) return this.begin(command, id, sessionId);
      // Begun by somebody else since this request looked for it.
      if (known.id !== id) throw new TurnInProgressError(known);
      return this.resume(known, command.userId);
    });
  }

  private async close(
    turn: Pick<RunningTurn, 'id' | 'sessionId' | 'attempt'>,
    error: OperatorError,
    latencyMs: number | null,
  ): Promise<void> {
    const { code, message } = error;
    const at = new Date();
    if (!(await this.sessions.lock(turn.sessionId, at))) return;
    if (!(await this.turns.fail(turn, { code, detail: message, latencyMs }, at))) return;
    await this.events.append(turn.sessionId, [{ type: 'turn.failed', data: { turn_id: turn.id, error: code } }], at);
    if (error instanceof SwitchError && error.wasAsked) {
      const engine = error.engine ?? ROUTER;
      await this.feedback.ofTurn({ engine, success: false, latencyMs: latencyMs ?? 0, error: code }, at);
    }
  }

  private async begin(command: ChatCommand, id: string, sessionId: string): Promise<Opening> {
    const { userId, message, metadata, contextSummary, providerHint, idempotency } = command;
    const at = new Date();
    const isNew = await this.sessions.open(sessionId, userId, at);
    if (!isNew) await this.makeRoom(sessionId);

    await this.turns.insert({ id, sessionId, contextSummary, providerHint }, idempotency, this.leases.next(), at);
    const messageId = await this.sessions.append({
      sessionId,
      turnId: id,
      role: 'user',
      content: message,
      metadata,
      at,
    });
    await this.events.append(
      sessionId,
      [
        ...(isNew ? [{ type: 'session.created' as const, data: { user_id: userId } }] : []),
        { type: 'message.created', data: { message_id: messageId, turn_id: id, role: 'user' } },
        { type: 'turn.started', data: { turn_id: id, attempt: 1 } },
      ],
      at,
    );
    const turn = { id, sessionId, attempt: 1, userId, messageId, message, metadata, contextSummary, providerHint };
    return { kind: 'run', turn, history: await this.history(turn) };
  }

  private async resume(record: TurnRecord, userId: string): Promise<Opening> {
    const { id, sessionId, contextSummary, providerHint } = record;
    const at = new Date();
    const isThere = await this.sessions.lock(sessionId, at);
    if (!isThere) throw new TurnLostError();
    if (record.status === 'running' && this.leases.isHeldElsewhere(record)) throw new TurnInProgressError(record);
    await this.makeRoom(sessionId, id);
    if (!(await this.turns.restart(id, record.attempt, this.leases.next()))) throw new TurnInProgressError(record);

    const attempt = record.attempt + 1;
    const asked = (await this.sessionReads.messageOfTurn(id, 'user'))!;
    await this.events.append(sessionId, [{ type: 'turn.started', data: { turn_id: id, attempt } }], at);
    const { id: messageId, content: message, metadata } = asked;
    const turn = { id, sessionId, attempt, userId, messageId, message, metadata, contextSummary, providerHint };
    return { kind: 'run', turn, history: await this.history(turn) };
  }

  /** One turn runs in a session at a time. What a process that is gone left running is closed first. */
  private async makeRoom(sessionId: string, except?: string): Promise<void> {
    const running = await this.turns.runningIn(sessionId);
    if (!running || running.id === except) return;
    if (this.leases.isHeld(running)) throw new SessionBusyError(sessionId);
    await this.close(running, new TurnLostError(), null);
  }

  private async knownNow(idempotency: Idempotency): Promise<TurnRecord | null> {
    const record = await this.turns.byKey(idempotency.key);
    if (!record || answersFor(record, idempotency)) return record;
    await this.turns.releaseKey(idempotency.key);
    return null;
  }

  private history({ sessionId, messageId }: RunningTurn): Promise<HistoryMessage[]> {
    return this.sessions.history(sessionId, messageId, this.config.turn.historyMaxMessages);
  }
}
