import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { PayloadTooLargeError } from '../common/errors/http.errors';
import { OperatorError } from '../common/errors/operator.error';
import { journal } from '../common/logging/journal';
import { requestContext } from '../common/logging/request-context';
import { CONFIG, type Config } from '../config/config';
import { SessionReadService } from '../session/session-read.service';
import { ToolCallService } from '../telemetry/tool-calls/tool-call.service';
import { SessionBusyError, TurnCancelledError, TurnInProgressError } from './chat.errors';
import { isUndecided, toApproval } from './tools/approval';
import { OVERHEAD_HEADER, TurnClock } from './turn-clock';
import { type HeldTurn, TurnLeases } from './turn-leases';
import { TurnMetrics } from './turn-metrics';
import { TurnQueue } from './turn-queue';
import { type Answered, TurnRunner } from './turn-runner';
import { type Opening, TurnService } from './turn.service';
import { TurnsInFlight } from './turns-in-flight';
import type { ChatCommand, ChatOutcome, RunningTurn, TurnRecord, TurnStart } from './turn.types';

const BUSY_POLL_MS = 100;

interface TurnAddress {
  id: string;
  sessionId: string;
}

/** Told of a turn once it is stored, before anybody is asked; or of the one that a key has known. */
type OnOpened = (opening: Opening) => void;

/** Takes a turn from its question to its answer. Once it is stored, it ends in the database whoever hangs up. */
@Injectable()
export class ChatService {
  private readonly logger = new Logger(ChatService.name);

  constructor(
    private readonly turns: TurnService,
    private readonly runner: TurnRunner,
    private readonly queue: TurnQueue,
    private readonly leases: TurnLeases,
    private readonly inFlight: TurnsInFlight,
    private readonly metrics: TurnMetrics,
    private readonly sessions: SessionReadService,
    private readonly toolCalls: ToolCallService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Answers, or says what has to be decided before it can. */
  send(command: ChatCommand): Promise<ChatOutcome> {
    return this.timed(requestContext.startedAt(), (clock) => this.admit(command, clock));
  }

  /** Begins to answer, or finds the turn that a request with the same key has begun; its events tell the rest. */
  async start(command: ChatCommand): Promise<TurnStart> {
    const { idempotency } = command;
    const known = idempotency && (await this.turns.known(idempotency));
    if (known && (known.status === 'cancelled' || this.isOpen(known))) return startOfKnown(known);
    return new Promise((resolve, reject) => {
      // What it comes to is on record; here it matters only if nothing was begun.
      this.timed(requestContext.startedAt(), (clock) =>
        this.admit(command, clock, (opening) =>
          resolve(opening.kind === 'run' ? startOf(opening.turn) : startOfKnown(opening.record)),
        ),
      )
        .catch(async (error: unknown) => {
          // A twin of this request has begun it.
          const begun = error instanceof TurnInProgressError && idempotency && (await this.turns.known(idempotency));
          if (begun) resolve(startOfKnown(begun));
          else reject(error as Error);
        })
        .catch(reject);
    });
  }

  /** Runs a turn that a crash interrupted once more. */
  async recover(record: TurnRecord): Promise<void> {
    const { userId } = await this.sessions.get(record.sessionId);
    await this.timed(performance.now(), (clock) =>
      this.inLine(record, clock, async (held) => this.answer(await this.turns.reopen(record, userId), clock, held)),
    );
  }

  /**
   * Goes on with a turn for which a person has decided; it is ours, and its outcome is on record. It does not stand in
   * its session's line, where others may be waiting for just this turn to end.
   */
  async goOn(record: TurnRecord, held: HeldTurn): Promise<void> {
    try {
      const { userId } = await this.sessions.get(record.sessionId);
      await this.timed(performance.now(), (clock) =>
        this.queue.run(record.id, async () => this.runner.run(await this.turns.takeUp(record, userId), clock, held)),
      );
    } catch (error) {
      this.logger.warn({ event: 'chat:turn_failed', err: error });
    } finally {
      this.leases.release(record.id);
    }
  }

  /** Somebody is at it, or it waits for somebody. */
  private isOpen(known: TurnRecord): boolean {
    return known.status === 'awaiting_approval' || (known.status === 'running' && this.leases.isHeld(known));
  }

  /** Says of every answer, and of every failure, how much of the time was Operator's. */
  private async timed(
    startedAt: number | undefined,
    work: (clock: TurnClock) => Promise<Answered>,
  ): Promise<ChatOutcome> {
    const clock = new TurnClock(startedAt);
    try {
      const answer = await work(clock);
      const time = clock.read();
      this.metrics.answered(answer, time);
      return { ...answer, overheadMs: time.operatorMs };
    } catch (error) {
      const time = clock.read();
      this.metrics.failed(error, time);
      if (error instanceof OperatorError) error.headers[OVERHEAD_HEADER] = time.operatorMs.toFixed(1);
      throw error;
    }
  }

  private async admit(command: ChatCommand, clock: TurnClock, onOpened?: OnOpened): Promise<Answered> {
    this.checkSizes(command);
    const { idempotency } = command;
    if (!idempotency) return this.ask(command, clock, newTurn(command), onOpened);

    const known = await this.turns.known(idempotency);
    if (known?.status === 'succeeded' || known?.status === 'awaiting_approval') {
      onOpened?.({ kind: 'replay', record: known });
      return known.status === 'succeeded' ? this.replay(known) : this.stillWaiting(known);
    }
    if (known?.status === 'cancelled') {
      throw new TurnCancelledError().about({ session_id: known.sessionId, turn_id: known.id });
    }
    return this.inFlight.once(idempotency, (opened) =>
      this.ask(command, clock, known ?? newTurn(command), (opening) => {
        opened(opening.kind === 'run' ? opening.turn : opening.record);
        onOpened?.(opening);
      }),
    );
  }

  private async ask(command: ChatCommand, clock: TurnClock, turn: TurnAddress, onOpened?: OnOpened): Promise<Answered> {
    const { sessionId } = turn;
    if (command.rejectWhenBusy && this.queue.isBusy(sessionId)) throw new SessionBusyError(sessionId);
    return this.inLine(turn, clock, async (held) => {
      const opening = await this.openWhenFree(command, clock, turn);
      onOpened?.(opening);
      return this.answer(opening, clock, held);
    });
  }

  /** Runs `work` when the session's earlier turns have ended, as this process' own. */
  private inLine<T>(turn: TurnAddress, clock: TurnClock, work: (held: HeldTurn) => Promise<T>): Promise<T> {
    return this.queue.run(turn.sessionId, (waitedMs) => {
      clock.waited(waitedMs);
      return this.leases.hold(turn, work);
    });
  }

  /** Another instance may be answering the same session: its turn ends, or its lease does. */
  private async openWhenFree(command: ChatCommand, clock: TurnClock, turn: TurnAddress): Promise<Opening> {
    const deadline = Date.now() + this.config.switch.timeoutMs + this.config.turn.leaseMs;
    for (;;) {
      try {
        return await this.turns.open(command, turn);
      } catch (error) {
        if (!(error instanceof SessionBusyError) || command.rejectWhenBusy || Date.now() > deadline) throw error;
        await clock.waiting(sleep(BUSY_POLL_MS));
      }
    }
  }

  private async answer(opening: Opening, clock: TurnClock, held: HeldTurn): Promise<Answered> {
    return opening.kind === 'replay' ? this.replay(opening.record) : this.runner.run(opening, clock, held);
  }

  private async replay({ id: turnId, sessionId, engine, fallbackFrom, latencyMs }: TurnRecord): Promise<Answered> {
    const { id: messageId, content: response } = (await this.sessions.messageOfTurn(turnId, 'assistant'))!;
    const toolCalls = await this.toolCalls.recordedWith(messageId);
    journal(`chat:${sessionId}:replayed`, { session_id: sessionId, turn_id: turnId });
    const answer = { sessionId, turnId, messageId, response, toolCalls, engine, fallbackFrom };
    return { kind: 'answered', ...answer, latencyMs: latencyMs ?? 0, isReplay: true };
  }

  private async stillWaiting({ id: turnId, sessionId }: TurnRecord): Promise<Answered> {
    const approvals = (await this.toolCalls.madeIn([turnId])).filter(isUndecided).map(toApproval);
    return { kind: 'awaiting_approval', sessionId, turnId, approvals };
  }

  private checkSizes({ message, contextSummary, metadata }: ChatCommand): void {
    const { messageBytes, metadataBytes } = this.config.limits;
    if (Buffer.byteLength(message) > messageBytes) throw new PayloadTooLargeError('message', messageBytes);
    if (Buffer.byteLength(contextSummary ?? '') > messageBytes) {
      throw new PayloadTooLargeError('context_summary', messageBytes);
    }
    if (metadata && Buffer.byteLength(JSON.stringify(metadata)) > metadataBytes) {
      throw new PayloadTooLargeError('metadata', metadataBytes);
    }
  }
}

const startOf = ({ id, sessionId, attempt, attemptSeq }: RunningTurn): TurnStart => ({
  turnId: id,
  sessionId,
  attempt,
  after: attemptSeq - 1,
  isReplay: false,
});

const startOfKnown = ({ id, sessionId, attempt, firstSeq }: TurnRecord): TurnStart => ({
  turnId: id,
  sessionId,
  attempt,
  after: (firstSeq ?? 1) - 1,
  isReplay: true,
});

const newTurn = ({ sessionId }: ChatCommand): TurnAddress => ({
  id: randomUUID(),
  sessionId: sessionId ?? randomUUID(),
});
