import { Inject, Injectable, Logger } from '@nestjs/common';
import { OperatorError } from '../../common/errors/operator.error';
import { journal } from '../../common/logging/journal';
import { CONFIG, type Config } from '../../config/config';
import { UnitOfWork } from '../../database/unit-of-work';
import { EventLogService } from '../../events/event-log.service';
import type { OperatorEventBody } from '../../events/events.types';
import { SessionService } from '../../session/session.service';
import type { EngineName, ToolRequest } from '../../switch-gateway/switch-gateway.types';
import type { ToolCallEnd, TurnToolCall } from '../../telemetry/tool-calls/tool-call.types';
import { ToolCallService } from '../../telemetry/tool-calls/tool-call.service';
import { ToolFailedError, ToolTimeoutError } from '../../tools/tool.errors';
import { ToolRegistryService } from '../../tools/tool-registry.service';
import type { Tool, ToolOutcome } from '../../tools/tool.types';
import { excerpt } from '../../common/excerpt';
import { TooManyToolCallsError, TurnLostError } from '../chat.errors';
import { TurnRepository } from '../turn.repository';
import type { RunningTurn } from '../turn.types';
import { awaitsApproval, finished, started, withoutResult } from './tool-call-events';
import { CALLS_MAX, planCalls, readArguments } from './tool-call-plan';

/** After its time, a tool that does not notice is not waited for. */
const GRACE_MS = 2_000;
const GONE = 'There is no such tool any more.';

/** Runs the tools that engines ask for: on record before it begins, and when it has ended. */
@Injectable()
export class ToolRunner {
  private readonly logger = new Logger(ToolRunner.name);

  constructor(
    private readonly registry: ToolRegistryService,
    private readonly unitOfWork: UnitOfWork,
    private readonly turns: TurnRepository,
    private readonly sessions: SessionService,
    private readonly toolCalls: ToolCallService,
    private readonly events: EventLogService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Puts on record what an engine asks for. What cannot be run has ended with that, what a person has to agree to waits.
   * Returns all calls of the turn.
   */
  async begin(
    turn: RunningTurn,
    step: number,
    requests: ToolRequest[],
    asked: { engine: EngineName; hasReadForeignText: boolean },
  ): Promise<TurnToolCall[]> {
    if (requests.length > CALLS_MAX) throw new TooManyToolCallsError(requests.length, CALLS_MAX);
    const { approval: policy, approvalTimeoutMs } = this.config.tools;
    const planned = planCalls(requests, (name) => this.registry.find(name), { ...asked, policy });
    const { id: turnId, sessionId, messageId } = turn;
    const at = new Date();
    const expiresAt = new Date(at.getTime() + approvalTimeoutMs);
    return this.unitOfWork.run(async () => {
      await this.lock(turn, at);
      const ids = await this.toolCalls.begin(
        planned.map(({ toolName, arguments: given, needsApproval }) => ({
          messageId,
          sessionId,
          turnId,
          step,
          toolName,
          arguments: given,
          approvalExpiresAt: needsApproval ? expiresAt : null,
        })),
        at,
      );
      const events: OperatorEventBody[] = [];
      for (const [index, { toolName, arguments: given, refusal, needsApproval }] of planned.entries()) {
        const call = { id: ids[index]!, turnId, toolName, step, arguments: given };
        events.push(needsApproval ? awaitsApproval(call, expiresAt) : started(call));
        if (refusal === null) continue;
        const end = withoutResult(refusal, refusal);
        await this.toolCalls.finish(call.id, end, at);
        events.push(finished(call, end));
      }
      await this.events.append(sessionId, events, at);
      return this.toolCalls.madeIn([turnId]);
    });
  }

  /** All calls of the turn, as they are now. */
  madeIn({ id }: RunningTurn): Promise<TurnToolCall[]> {
    return this.toolCalls.madeIn([id]);
  }

  /** Runs the calls that nobody has to agree to, or somebody has agreed to, all at once. Ends when all have ended. */
  async run(turn: RunningTurn, calls: TurnToolCall[], signal: AbortSignal): Promise<void> {
    const ready = calls.filter(
      ({ status, approval }) => status === 'pending' && (approval === null || approval === 'approved'),
    );
    const outcomes = await Promise.allSettled(ready.map((call) => this.runOne(turn, call, signal)));
    signal.throwIfAborted();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  private async runOne(turn: RunningTurn, call: TurnToolCall, signal: AbortSignal): Promise<void> {
    const { id, toolName } = call;
    const startedAt = performance.now();
    const end = await this.outcome(turn, call, signal);
    // What becomes of a call whose turn was stopped is for those to say who have stopped it.
    if (signal.aborted) return;
    const at = new Date();
    const durationMs = Math.round(performance.now() - startedAt);
    await this.unitOfWork.run(async () => {
      await this.lock(turn, at);
      await this.toolCalls.finish(id, { ...end, durationMs }, at);
      await this.events.append(turn.sessionId, [finished(call, { ...end, durationMs })], at);
    });
    journal(`tool_call:ran:${toolName}:${end.status}`, { session_id: turn.sessionId, turn_id: turn.id });
  }

  private async outcome(turn: RunningTurn, call: TurnToolCall, signal: AbortSignal): Promise<ToolCallEnd> {
    const tool = this.registry.find(call.toolName);
    const read = tool && readArguments(tool, call.arguments);
    if (!tool || !read || 'problem' in read) return withoutResult(GONE, GONE);
    try {
      return done(
        tool,
        await this.withinTime(tool, turn, call, read.value, signal),
        this.config.limits.toolResultBytes,
      );
    } catch (error) {
      if (!signal.aborted && !(error instanceof OperatorError)) {
        this.logger.error({ event: `tool:${tool.name}:error`, err: error });
      }
      return failed(tool, error, this.config.limits.toolResultBytes);
    }
  }

  private async withinTime(
    tool: Tool,
    turn: RunningTurn,
    call: TurnToolCall,
    args: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<ToolOutcome> {
    const time = AbortSignal.timeout(tool.deadlineMs);
    const context = { sessionId: turn.sessionId, turnId: turn.id, userId: turn.userId, toolCallId: call.id };
    const ended = new AbortController();
    const over = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(new ToolTimeoutError()), tool.deadlineMs + GRACE_MS);
      ended.signal.addEventListener('abort', () => clearTimeout(timer));
      signal.addEventListener('abort', () => reject(signal.reason as Error), { signal: ended.signal });
    });
    try {
      return await Promise.race([tool.run(args, context, AbortSignal.any([signal, time])), over]);
    } catch (error) {
      throw time.aborted && !signal.aborted ? new ToolTimeoutError() : error;
    } finally {
      ended.abort();
    }
  }

  private async lock(turn: RunningTurn, at: Date): Promise<void> {
    const isThere = await this.sessions.lock(turn.sessionId, at);
    if (!isThere || !(await this.turns.isRunning(turn))) throw new TurnLostError();
  }
}

function done(tool: Tool, { result, text, source }: ToolOutcome, resultMaxBytes: number): ToolCallEnd {
  const told = bounded(text, tool.resultBytes);
  return { status: 'ok', durationMs: 0, result: kept(result, resultMaxBytes), error: null, told, source };
}

function failed(tool: Tool, error: unknown, resultMaxBytes: number): ToolCallEnd {
  const isKnown = error instanceof OperatorError;
  const why = isKnown ? `${error.code}: ${error.message}` : 'internal_error: The tool has failed.';
  const { result, source } = error instanceof ToolFailedError ? error : { result: null, source: null };
  const told = bounded(`It failed. ${why}`, tool.resultBytes);
  return { status: 'error', durationMs: 0, result: kept(result, resultMaxBytes), error: why, told, source };
}

/** As much of a result as a record may hold. */
function kept(result: unknown, maxBytes: number): unknown {
  const json = JSON.stringify(result ?? null);
  const bytes = Buffer.byteLength(json);
  return bytes <= maxBytes ? result : { truncated: true, bytes, beginning: excerpt(json, maxBytes / 2) };
}

function bounded(text: string, maxBytes: number): string {
  const shown = excerpt(text, maxBytes);
  return shown.length === text.length
    ? text
    : `${shown}\n[Cut: this is the beginning of ${Buffer.byteLength(text)} bytes.]`;
}
