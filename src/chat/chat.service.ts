import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { OperatorError } from '../common/errors/operator.error';
import { PayloadTooLargeError } from '../common/errors/http.errors';
import { journal } from '../common/logging/journal';
import { requestContext } from '../common/logging/request-context';
import { CONFIG, type Config } from '../config/config';
import { SessionReadService } from '../session/session-read.service';
import { SwitchGateway } from '../switch-gateway/switch-gateway.service';
import { ToolCallService } from '../telemetry/tool-calls/tool-call.service';
import { EngineFailedError, SessionBusyError } from './chat.errors';
import { ChatSpan } from './chat-span';
import { buildPrompt } from './prompt';
import { OVERHEAD_HEADER, TurnClock } from './turn-clock';
import { TurnLeases } from './turn-leases';
import { TurnMetrics } from './turn-metrics';
import { TurnQueue } from './turn-queue';
import { type Opening, TurnService } from './turn.service';
import { TurnsInFlight } from './turns-in-flight';
import type { ChatAnswer, ChatCommand, TurnRecord } from './turn.types';

const BUSY_POLL_MS = 100;

type Answered = Omit<ChatAnswer, 'overheadMs'>;

interface TurnAddress {
  id: string;
  sessionId: string;
}

/** Takes a turn from its question to its answer. Once it is stored, it ends in the database whoever hangs up. */
@Injectable()
export class ChatService {
  private readonly logger = new Logger(ChatService.name);

  constructor(
    private readonly turns: TurnService,
    private readonly queue: TurnQueue,
    private readonly leases: TurnLeases,
    private readonly inFlight: TurnsInFlight,
    private readonly gateway: SwitchGateway,
    private readonly span: ChatSpan,
    private readonly metrics: TurnMetrics,
    private readonly sessions: SessionReadService,
    private readonly toolCalls: ToolCallService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  send(command: ChatCommand): Promise<ChatAnswer> {
    return this.timed(requestContext.startedAt(), (clock) => this.admit(command, clock));
  }

  /** Runs a turn that a crash interrupted once more. */
  async recover(record: TurnRecord): Promise<void> {
    const { userId } = await this.sessions.get(record.sessionId);
    await this.timed(performance.now(), (clock) =>
      this.inLine(record, clock, async (signal) => this.answer(await this.turns.reopen(record, userId), clock, signal)),
    );
  }

  /** Says of every answer, and of every failure, how much of the time was Operator's. */
  private async timed(
    startedAt: number | undefined,
    work: (clock: TurnClock) => Promise<Answered>,
  ): Promise<ChatAnswer> {
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

  private async admit(command: ChatCommand, clock: TurnClock): Promise<Answered> {
    this.checkSizes(command);
    const { idempotency } = command;
    if (!idempotency) return this.ask(command, clock, newTurn(command));

    const known = await this.turns.known(idempotency);
    if (known?.status === 'succeeded') return this.replay(known);
    return this.inFlight.once(idempotency, (opened) => this.ask(command, clock, known ?? newTurn(command), opened));
  }

  private async ask(
    command: ChatCommand,
    clock: TurnClock,
    turn: TurnAddress,
    opened?: (turn: TurnAddress) => void,
  ): Promise<Answered> {
    const { sessionId } = turn;
    if (command.rejectWhenBusy && this.queue.isBusy(sessionId)) throw new SessionBusyError(sessionId);
    return this.inLine(turn, clock, async (signal) => {
      const opening = await this.openWhenFree(command, clock, turn);
      opened?.(opening.kind === 'run' ? opening.turn : opening.record);
      return this.answer(opening, clock, signal);
    });
  }

  /** Runs `work` when the session's earlier turns have ended, as this process' own. */
  private inLine<T>(turn: TurnAddress, clock: TurnClock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
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

  private async answer(opening: Opening, clock: TurnClock, signal: AbortSignal): Promise<Answered> {
    if (opening.kind === 'replay') return this.replay(opening.record);

    const { turn, history } = opening;
    const { id: turnId, sessionId, userId, messageId, message, metadata, contextSummary, providerHint } = turn;
    const { historyMaxBytes } = this.config.turn;
    const messages = buildPrompt({ history, message, contextSummary, historyMaxBytes });
    const records = { session_id: sessionId, turn_id: turnId };
    const elapsed = () => Math.round(clock.upstreamMs);
    try {
      const prompt = { messages, sessionId, userId, turnId, messageId, metadata, providerHint };
      const reply = await clock.asking(() => this.span.run(prompt, () => this.gateway.chat(prompt, signal)));
      const latencyMs = elapsed();
      const stored = await this.turns.succeed(turn, reply, latencyMs);
      journal(`chat:${sessionId}:success`, records, { engine: reply.engine, upstream_ms: latencyMs });
      return { sessionId, turnId, ...stored, response: reply.text, engine: reply.engine, latencyMs, isReplay: false };
    } catch (error) {
      const failure = error instanceof OperatorError ? error : new EngineFailedError(error);
      journal(`chat:${sessionId}:error`, records, { error: failure.code, upstream_ms: elapsed() });
      await this.fail(turn, failure, elapsed());
      throw failure.about({ ...records, message_id: messageId });
    }
  }

  /** If even the failure cannot be stored, the turn's lease runs out and recovery closes it. */
  private async fail(
    turn: TurnAddress & { attempt: number },
    failure: OperatorError,
    latencyMs: number,
  ): Promise<void> {
    try {
      await this.turns.fail(turn, failure, latencyMs);
    } catch (error) {
      this.logger.error({ event: `turn:${turn.id}:not_closed`, turn_id: turn.id, err: error });
    }
  }

  private async replay({ id: turnId, sessionId, engine, latencyMs }: TurnRecord): Promise<Answered> {
    const { id: messageId, content: response } = (await this.sessions.messageOfTurn(turnId, 'assistant'))!;
    const toolCalls = await this.toolCalls.recordedWith(messageId);
    journal(`chat:${sessionId}:replayed`, { session_id: sessionId, turn_id: turnId });
    return { sessionId, turnId, messageId, response, toolCalls, engine, latencyMs: latencyMs ?? 0, isReplay: true };
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

const newTurn = ({ sessionId }: ChatCommand): TurnAddress => ({
  id: randomUUID(),
  sessionId: sessionId ?? randomUUID(),
});
