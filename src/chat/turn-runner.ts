import { Inject, Injectable, Logger } from '@nestjs/common';
import { OperatorError } from '../common/errors/operator.error';
import { journal } from '../common/logging/journal';
import { CONFIG, type Config } from '../config/config';
import { EventHub } from '../events/event-hub';
import { SwitchGateway } from '../switch-gateway/switch-gateway.service';
import type { Prompt, SwitchReply } from '../switch-gateway/switch-gateway.types';
import type { TurnToolCall } from '../telemetry/tool-calls/tool-call.types';
import { ToolRegistryService } from '../tools/tool-registry.service';
import { EngineFailedError, ToolStepsExhaustedError, TurnCancelledError, TurnLostError } from './chat.errors';
import { ChatSpan } from './chat-span';
import { buildPrompt } from './prompt';
import { isUndecided, toApproval } from './tools/approval';
import { readsForeignText } from './tools/tool-call-plan';
import { ToolRunner } from './tools/tool-runner';
import type { TurnClock } from './turn-clock';
import type { HeldTurn } from './turn-leases';
import { TurnOutcomeService } from './turn-outcome.service';
import { type StorePiece, TurnText } from './turn-text';
import type { OpenedTurn } from './turn.service';
import type { ChatAnswer, PendingAnswer, RunningTurn, SoFar } from './turn.types';

/** What the results of a turn's tools may take of a prompt, in bytes. */
const TOOLS_MAX_BYTES = 128 * 1024;

export type Answered = Omit<ChatAnswer, 'overheadMs'> | Omit<PendingAnswer, 'overheadMs'>;

/** What a turn has come to on its way to the answer. */
interface Progress {
  toolCalls: TurnToolCall[];
  soFar: SoFar;
}

/** Takes a turn that is stored to its outcome: asks the engine, runs the tools it asks for, asks again. */
@Injectable()
export class TurnRunner {
  private readonly logger = new Logger(TurnRunner.name);

  constructor(
    private readonly outcomes: TurnOutcomeService,
    private readonly gateway: SwitchGateway,
    private readonly tools: ToolRunner,
    private readonly registry: ToolRegistryService,
    private readonly span: ChatSpan,
    private readonly hub: EventHub,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Throws what it has stored as the turn's failure. */
  async run(opened: OpenedTurn, clock: TurnClock, held: HeldTurn): Promise<Answered> {
    const { turn } = opened;
    const records = { session_id: turn.sessionId, turn_id: turn.id };
    const elapsed = () => opened.soFar.latencyMs + Math.round(clock.upstreamMs);
    const text = new TurnText(this.hub, turn, this.storing(turn, held), opened.text);
    held.text = text;
    try {
      return await this.answer(opened, text, clock, held.signal);
    } catch (error) {
      await text.close();
      const failure = failureOf(error, held.signal);
      journal(`chat:${turn.sessionId}:error`, records, { error: failure.code, upstream_ms: elapsed() });
      await this.fail(turn, failure, elapsed());
      throw failure.about({ ...records, message_id: turn.messageId });
    }
  }

  /** If even the failure cannot be stored, the turn's lease runs out and recovery closes it. */
  private async fail(turn: RunningTurn, failure: OperatorError, latencyMs: number): Promise<void> {
    try {
      await this.outcomes.fail(turn, failure, latencyMs);
    } catch (error) {
      this.logger.error({ event: `turn:${turn.id}:not_closed`, turn_id: turn.id, err: error });
    }
  }

  private async answer(opened: OpenedTurn, text: TurnText, clock: TurnClock, signal: AbortSignal): Promise<Answered> {
    const { turn } = opened;
    const progress: Progress = { toolCalls: opened.toolCalls, soFar: opened.soFar };
    // A person has decided: what they have agreed to comes first.
    if (!(await this.runTools(turn, progress, text, clock, signal))) return this.waiting(turn, progress);
    for (let step = lastStep(turn, progress) + 1; ; step++) {
      const prompt = this.prompt(opened, progress, step);
      const reply = await clock.asking(() =>
        this.span.run(prompt, () => this.gateway.chat(prompt, signal, (piece) => text.add(piece))),
      );
      signal.throwIfAborted();
      progress.soFar = added(opened.soFar, progress.soFar, reply, clock);
      if (reply.toolCalls.length === 0) return this.succeed(turn, reply, progress, text);
      if (step > this.config.tools.maxSteps) throw new ToolStepsExhaustedError(step);
      text.endStep();
      const asked = { engine: reply.servedBy, hasReadForeignText: readsForeignText(progress.toolCalls) };
      keep(turn, progress, await this.tools.begin(turn, step, reply.toolCalls, asked));
      if (!(await this.runTools(turn, progress, text, clock, signal))) return this.waiting(turn, progress);
    }
  }

  /** False: some of them wait for a person, and the turn, which we have let go of, with them. */
  private async runTools(
    turn: RunningTurn,
    progress: Progress,
    text: TurnText,
    clock: TurnClock,
    signal: AbortSignal,
  ): Promise<boolean> {
    for (;;) {
      const open = callsOf(turn, progress).filter(({ status }) => status === 'pending');
      if (open.length === 0) return true;
      await clock.waiting(this.tools.run(turn, open, signal));
      keep(turn, progress, await this.tools.madeIn(turn));
      if (!callsOf(turn, progress).some(isUndecided)) continue;
      await text.settled();
      if (await this.outcomes.suspend(turn, text.rest, progress.soFar)) return false;
      // Somebody has decided just now.
      keep(turn, progress, await this.tools.madeIn(turn));
    }
  }

  private waiting(turn: RunningTurn, progress: Progress): Answered {
    const { id: turnId, sessionId } = turn;
    journal(`chat:${sessionId}:awaiting_approval`, { session_id: sessionId, turn_id: turnId });
    const approvals = callsOf(turn, progress).filter(isUndecided).map(toApproval);
    return { kind: 'awaiting_approval', sessionId, turnId, approvals };
  }

  private async succeed(turn: RunningTurn, reply: SwitchReply, progress: Progress, text: TurnText): Promise<Answered> {
    const { id: turnId, sessionId } = turn;
    const { engine, isPartial } = reply;
    const { fallbackFrom, tokens, latencyMs } = progress.soFar;
    await text.close();
    const hasCalledTools = callsOf(turn, progress).length > 0;
    const stored = await this.outcomes.succeed(
      turn,
      { engine, isPartial, fallbackFrom, tokens },
      { text: text.whole, rest: text.rest, hasCalledTools },
      latencyMs,
    );
    journal(
      `chat:${sessionId}:success`,
      { session_id: sessionId, turn_id: turnId },
      { engine, upstream_ms: latencyMs },
    );
    const answer = { sessionId, turnId, ...stored, response: text.whole, engine, fallbackFrom, latencyMs };
    return { kind: 'answered', ...answer, isReplay: false };
  }

  /** After its last step an engine is offered nothing more: it is to answer with what it knows. */
  private prompt({ turn, history }: OpenedTurn, { toolCalls, soFar }: Progress, step: number): Prompt {
    const { id: turnId, sessionId, userId, messageId, message, metadata, contextSummary, providerHint } = turn;
    const { historyMaxBytes } = this.config.turn;
    const said = {
      history,
      toolCalls,
      turnId,
      message,
      contextSummary,
      historyMaxBytes,
      toolsMaxBytes: TOOLS_MAX_BYTES,
    };
    const mayCall = this.gateway.takesTools && step <= this.config.tools.maxSteps;
    return {
      messages: buildPrompt(said),
      tools: mayCall ? this.registry.offers() : [],
      sessionId,
      userId,
      turnId,
      messageId,
      metadata,
      providerHint,
      engine: soFar.servedBy,
    };
  }

  private storing(turn: RunningTurn, held: HeldTurn): StorePiece {
    return async (piece, stored) => {
      try {
        await this.outcomes.say(turn, piece, stored);
      } catch (error) {
        if (error instanceof TurnLostError) held.stop(error);
        throw error;
      }
    };
  }
}

/** `before` is what it had taken when we took it up: the clock knows only of what came since. */
const added = (before: SoFar, soFar: SoFar, reply: SwitchReply, clock: TurnClock): SoFar => ({
  servedBy: soFar.servedBy ?? reply.servedBy,
  fallbackFrom: [...soFar.fallbackFrom, ...reply.fallbackFrom],
  tokens: reply.tokens === null ? soFar.tokens : (soFar.tokens ?? 0) + reply.tokens,
  latencyMs: before.latencyMs + Math.round(clock.upstreamMs),
});

const callsOf = (turn: RunningTurn, { toolCalls }: Progress): TurnToolCall[] =>
  toolCalls.filter(({ turnId }) => turnId === turn.id);

const lastStep = (turn: RunningTurn, progress: Progress): number =>
  Math.max(0, ...callsOf(turn, progress).map(({ step }) => step));

/** Notes how the turn's own calls are now; those of earlier turns do not change. */
function keep(turn: RunningTurn, progress: Progress, calls: TurnToolCall[]): void {
  progress.toolCalls = [...progress.toolCalls.filter(({ turnId }) => turnId !== turn.id), ...calls];
}

/** A turn that was stopped has failed of that, whatever the engine made of it. */
function failureOf(error: unknown, { aborted, reason }: AbortSignal): OperatorError {
  if (aborted && (reason instanceof TurnCancelledError || reason instanceof TurnLostError)) return reason;
  return error instanceof OperatorError ? error : new EngineFailedError(error);
}
