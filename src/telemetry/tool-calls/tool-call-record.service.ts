import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { PayloadTooLargeError } from '../../common/errors/http.errors';
import { journal } from '../../common/logging/journal';
import { CONFIG, type Config } from '../../config/config';
import { UnitOfWork } from '../../database/unit-of-work';
import { EventLogService } from '../../events/event-log.service';
import type { ToolCallReported } from '../../events/events.types';
import { SessionReadService } from '../../session/session-read.service';
import { MessageNotFoundError } from '../../session/session.errors';
import { SessionService } from '../../session/session.service';
import type { ToolCallRecord, ToolCallReport } from './tool-call.types';
import { ToolCallFinishedError } from './tool-call.errors';
import { ToolCallRepository } from './tool-call.repository';

/** Takes reports of tools that others run. */
@Injectable()
export class ToolCallRecordService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly messages: SessionReadService,
    private readonly sessions: SessionService,
    private readonly toolCalls: ToolCallRepository,
    private readonly events: EventLogService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Records a call. One that the message knows by its call id is not recorded again: while it is pending it becomes
   * what the report says, and once it has ended only the same report is accepted. Who watches the session hears of what
   * has changed.
   */
  async record(report: ToolCallReport): Promise<{ call: ToolCallRecord; isNew: boolean }> {
    this.checkSize(report.result);
    const recorded = await this.unitOfWork.run(() => this.insertOrReplace(report, new Date()));
    const { sessionId, toolName, status } = recorded.call;
    journal(`tool_call:tracked:${toolName}:${status}`, { session_id: sessionId });
    return recorded;
  }

  private async insertOrReplace(report: ToolCallReport, at: Date): Promise<{ call: ToolCallRecord; isNew: boolean }> {
    const message = await this.messages.addressOfMessage(report.messageId);
    if (!message || !(await this.sessions.lock(message.sessionId, at))) throw new MessageNotFoundError();
    const id = await this.toolCalls.insert(report, message.sessionId, at);
    if (id === undefined) return { call: await this.replace(report, at), isNew: false };
    const finishedAt = report.status === 'pending' ? null : at;
    const call = { ...report, ...message, id, createdAt: at, finishedAt, arguments: null, approval: null };
    await this.tell(call, report, at);
    return { call, isNew: true };
  }

  private async replace(report: ToolCallReport, at: Date): Promise<ToolCallRecord> {
    const known = (await this.toolCalls.byCallId(report.messageId, report.callId!))!;
    if (isAsReported(known, report)) return known;
    if (known.status !== 'pending') throw new ToolCallFinishedError(known.id, known.status);
    await this.toolCalls.replace(known.id, report, at);
    await this.tell(known, report, at);
    return (await this.toolCalls.byCallId(report.messageId, report.callId!))!;
  }

  private async tell({ id, sessionId, turnId }: ToolCallRecord, report: ToolCallReport, at: Date): Promise<void> {
    const { messageId, toolName, status, durationMs, error } = report;
    const data: ToolCallReported = {
      tool_call_id: id,
      message_id: messageId,
      turn_id: turnId,
      tool_name: toolName,
      status,
      duration_ms: durationMs,
      error,
    };
    await this.events.append(sessionId, [{ type: 'tool_call.reported', data }], at);
  }

  private checkSize(result: unknown): void {
    const { toolResultBytes } = this.config.limits;
    if (Buffer.byteLength(JSON.stringify(result ?? null)) > toolResultBytes) {
      throw new PayloadTooLargeError('result', toolResultBytes);
    }
  }
}

const isAsReported = (call: ToolCallRecord, { toolName, status, durationMs, result, error }: ToolCallReport): boolean =>
  isDeepStrictEqual(
    [call.toolName, call.status, call.durationMs, call.error, call.result],
    // As it comes back from where it is kept.
    [toolName, status, durationMs, error, JSON.parse(JSON.stringify(result ?? null))],
  );
