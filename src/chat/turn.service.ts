import { Inject, Injectable } from '@nestjs/common';
import { type Idempotency, answersFor } from '../common/http/idempotency';
import { journal } from '../common/logging/journal';
import { CONFIG, type Config } from '../config/config';
import { isUniqueViolation } from '../database/database.errors';
import { UnitOfWork } from '../database/unit-of-work';
import { EventLogService } from '../events/event-log.service';
import { SessionReadService } from '../session/session-read.service';
import { SessionService } from '../session/session.service';
import type { HistoryMessage } from '../session/session.types';
import type { TurnToolCall } from '../telemetry/tool-calls/tool-call.types';
import { ToolCallService } from '../telemetry/tool-calls/tool-call.service';
import {
  SessionBusyError,
  TurnAwaitsApprovalError,
  TurnInProgressError,
  TurnLostError,
  TurnNotFoundError,
} from './chat.errors';
import type { OperatorTurn } from './operator-turn.entity';
import { TurnLeases } from './turn-leases';
import { TurnOutcomeService } from './turn-outcome.service';
import { TurnRepository } from './turn.repository';
import type { ChatCommand, RunningTurn, SoFar, TurnRecord } from './turn.types';

/** A turn that is ours to run, with what was said and done before. */
export interface OpenedTurn {
  kind: 'run';
  turn: RunningTurn;
  history: HistoryMessage[];
  toolCalls: TurnToolCall[];
  /** What this attempt has said already, and what that has taken. */
  text: string;
  soFar: SoFar;
}
export type Opening = OpenedTurn | { kind: 'replay'; record: TurnRecord };

const NOTHING: SoFar = { servedBy: null, fallbackFrom: [], tokens: null, latencyMs: 0 };

/** A turn, and what it has called. */
export interface TurnView {
  turn: OperatorTurn;
  toolCalls: TurnToolCall[];
}

/** Begins turns, whose question is stored before anybody is asked; shows them, and cancels them. */
@Injectable()
export class TurnService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly turns: TurnRepository,
    private readonly outcomes: TurnOutcomeService,
    private readonly leases: TurnLeases,
    private readonly sessions: SessionService,
    private readonly sessionReads: SessionReadService,
    private readonly toolCalls: ToolCallService,
    private readonly events: EventLogService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async get(id: string): Promise<TurnView> {
    const turn = await this.turns.find(id);
    if (!turn) throw new TurnNotFoundError();
    journal(`turn_retrieved:${id}`, { session_id: turn.sessionId, turn_id: id });
    return { turn, toolCalls: await this.toolCalls.madeIn([id]) };
  }

  /** Puts an end to a turn; returns it as it is then. Cancelling twice is cancelling once. */
  async cancel(id: string): Promise<TurnView> {
    const turn = await this.turns.find(id);
    if (!turn) throw new TurnNotFoundError();
    const { sessionId } = turn;
    const isNews = await this.outcomes.cancel(id, sessionId);
    if (isNews) journal(`chat:${sessionId}:cancelled`, { session_id: sessionId, turn_id: id });
    return this.get(id);
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
    return this.unitOfWork.run(() => this.restart(record, userId));
  }

  /** A turn that was taken up after a person has decided, as it was left. */
  takeUp(record: TurnRecord, userId: string): Promise<OpenedTurn> {
    return this.unitOfWork.run(async () => {
      if (!(await this.turns.isRunning(record))) throw new TurnLostError();
      const turn = await this.asAsked(record, userId, record.attempt, record.firstSeq ?? 1);
      const { id, sessionId, attempt, firstSeq } = turn;
      const { servedBy, fallbackFrom, tokens, latencyMs } = record;
      const soFar = { servedBy, fallbackFrom, tokens, latencyMs: latencyMs ?? 0 };
      return { ...(await this.opened(turn)), text: await this.events.textOf(sessionId, id, attempt, firstSeq), soFar };
    });
  }

  private openOnce(command: ChatCommand, { id, sessionId }: { id: string; sessionId: string }): Promise<Opening> {
    return this.unitOfWork.run(async () => {
      const known = command.idempotency && (await this.knownNow(command.idempotency));
      if (known?.status === 'succeeded') return { kind: 'replay', record: known };
      if (!known) return this.begin(command, id, sessionId);
      // Begun by somebody else since this request looked for it.
      if (known.id !== id) throw new TurnInProgressError(known);
      return this.restart(known, command.userId);
    });
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
    const firstSeq = await this.events.append(
      sessionId,
      [
        ...(isNew ? [{ type: 'session.created' as const, data: { user_id: userId } }] : []),
        { type: 'message.created', data: { message_id: messageId, turn_id: id, role: 'user' } },
        { type: 'turn.started', data: { turn_id: id, attempt: 1 } },
      ],
      at,
    );
    const asked = { id, sessionId, userId, messageId, message, metadata, contextSummary, providerHint };
    return this.opened({ ...asked, attempt: 1, firstSeq, attemptSeq: firstSeq });
  }

  /** What was called and not answered when the attempt before broke off is not called again. */
  private async restart(record: TurnRecord, userId: string): Promise<Opening> {
    const { id, sessionId, status } = record;
    const at = new Date();
    const isThere = await this.sessions.lock(sessionId, at);
    if (!isThere) throw new TurnLostError();
    if (status === 'awaiting_approval') throw new TurnAwaitsApprovalError(record);
    if (status === 'running' && this.leases.isHeldElsewhere(record)) throw new TurnInProgressError(record);
    await this.makeRoom(sessionId, id);
    if (!(await this.turns.restart(id, record.attempt, this.leases.next()))) throw new TurnInProgressError(record);
    await this.outcomes.closeToolCalls(record, 'interrupted', at);

    const attempt = record.attempt + 1;
    const attemptSeq = await this.events.append(
      sessionId,
      [{ type: 'turn.started', data: { turn_id: id, attempt } }],
      at,
    );
    if (record.firstSeq === null) await this.turns.beginsAt(id, attemptSeq);
    return this.opened(await this.asAsked(record, userId, attempt, attemptSeq));
  }

  private async asAsked(record: TurnRecord, userId: string, attempt: number, attemptSeq: number): Promise<RunningTurn> {
    const { id, sessionId, contextSummary, providerHint } = record;
    const { id: messageId, content: message, metadata } = (await this.sessionReads.messageOfTurn(id, 'user'))!;
    const firstSeq = record.firstSeq ?? attemptSeq;
    const asked = { id, sessionId, userId, messageId, message, metadata, contextSummary, providerHint };
    return { ...asked, attempt, firstSeq, attemptSeq };
  }

  private async opened(turn: RunningTurn): Promise<OpenedTurn> {
    const history = await this.sessions.history(turn.sessionId, turn.messageId, this.config.turn.historyMaxMessages);
    const turnIds = new Set([turn.id, ...history.flatMap(({ turnId }) => (turnId === null ? [] : [turnId]))]);
    return {
      kind: 'run',
      turn,
      history,
      toolCalls: await this.toolCalls.madeIn([...turnIds]),
      text: '',
      soFar: NOTHING,
    };
  }

  /** One turn is open in a session at a time. What a process that is gone left running is closed first. */
  private async makeRoom(sessionId: string, except?: string): Promise<void> {
    const open = await this.turns.openIn(sessionId);
    if (!open || open.id === except) return;
    if (open.status === 'awaiting_approval') throw new TurnAwaitsApprovalError(open);
    if (this.leases.isHeld(open)) throw new SessionBusyError(sessionId);
    await this.outcomes.close(open, new TurnLostError(), null);
  }

  private async knownNow(idempotency: Idempotency): Promise<TurnRecord | null> {
    const record = await this.turns.byKey(idempotency.key);
    if (!record || answersFor(record, idempotency)) return record;
    await this.turns.releaseKey(idempotency.key);
    return null;
  }
}
