import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { OperatorError } from '../common/errors/operator.error';
import { PayloadTooLargeError } from '../common/errors/http.errors';
import { journal } from '../common/logging/journal';
import { CONFIG, type Config } from '../config/config';
import { SessionReadService } from '../session/session-read.service';
import { SwitchGateway } from '../switch-gateway/switch-gateway.service';
import { ToolCallService } from '../telemetry/tool-call.service';
import { EngineFailedError, SessionBusyError } from './chat.errors';
import { buildPrompt } from './prompt';
import { TurnLeases } from './turn-leases';
import { TurnQueue } from './turn-queue';
import { type Opening, TurnService } from './turn.service';
import { TurnsInFlight } from './turns-in-flight';
import type { ChatAnswer, ChatCommand, TurnRecord } from './turn.types';

const BUSY_POLL_MS = 100;

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
    private readonly sessions: SessionReadService,
    private readonly toolCalls: ToolCallService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async send(command: ChatCommand): Promise<ChatAnswer> {
    this.checkSizes(command);
    const { idempotency } = command;
    if (!idempotency) return this.ask(command, newTurn(command));

    const known = await this.turns.known(idempotency);
    if (known?.status === 'succeeded') return this.replay(known);
    return this.inFlight.once(idempotency, (opened) => this.ask(command, known ?? newTurn(command), opened));
  }

  /** Runs a turn that a crash interrupted once more. */
  async recover(record: TurnRecord): Promise<void> {
    const { userId } = await this.sessions.get(record.sessionId);
    await this.queue.run(record.sessionId, () =>
      this.leases.hold(record, async (signal) => this.answer(await this.turns.reopen(record, userId), signal)),
    );
  }

  private ask(command: ChatCommand, turn: TurnAddress, opened?: (turn: TurnAddress) => void): Promise<ChatAnswer> {
    const { sessionId } = turn;
    if (command.rejectWhenBusy && this.queue.isBusy(sessionId)) throw new SessionBusyError(sessionId);
    return this.queue.run(sessionId, () =>
      this.leases.hold(turn, async (signal) => {
        const opening = await this.openWhenFree(command, turn);
        opened?.(opening.kind === 'run' ? opening.turn : opening.record);
        return this.answer(opening, signal);
      }),
    );
  }

  /** Another instance may be answering the same session: its turn ends, or its lease does. */
  private async openWhenFree(command: ChatCommand, turn: TurnAddress): Promise<Opening> {
    const deadline = Date.now() + this.config.switch.timeoutMs + this.config.turn.leaseMs;
    for (;;) {
      try {
        return await this.turns.open(command, turn);
      } catch (error) {
        if (!(error instanceof SessionBusyError) || command.rejectWhenBusy || Date.now() > deadline) throw error;
        await sleep(BUSY_POLL_MS);
      }
    }
  }

  private async answer(opening: Opening, signal: AbortSignal): Promise<ChatAnswer> {
    if (opening.kind === 'replay') return this.replay(opening.record);

    const { turn, history } = opening;
    const { id: turnId, sessionId, userId, messageId, message, metadata, contextSummary, providerHint } = turn;
    const { historyMaxBytes } = this.config.turn;
    const messages = buildPrompt({ history, message, contextSummary, historyMaxBytes });
    const records = { session_id: sessionId, turn_id: turnId };
    const startedAt = performance.now();
    const elapsed = () => Math.round(performance.now() - startedAt);
    try {
      const prompt = { messages, sessionId, userId, turnId, messageId, metadata, providerHint };
      const reply = await this.gateway.chat(prompt, signal);
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

  private async replay({ id: turnId, sessionId, engine, latencyMs }: TurnRecord): Promise<ChatAnswer> {
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
