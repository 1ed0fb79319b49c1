import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { PayloadTooLargeError } from '../../common/errors/http.errors';
import { journal } from '../../common/logging/journal';
import { CONFIG, type Config } from '../../config/config';
import { isForeignKeyViolation } from '../../database/database.errors';
import { UnitOfWork } from '../../database/unit-of-work';
import { SessionReadService } from '../../session/session-read.service';
import { MessageNotFoundError } from '../../session/session.errors';
import type { ToolCallRecord, ToolCallReport } from './tool-call.types';
import { ToolCallFinishedError } from './tool-call.errors';
import { ToolCallRepository } from './tool-call.repository';

/** Takes reports of tools that others run. */
@Injectable()
export class ToolCallRecordService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly sessions: SessionReadService,
    private readonly toolCalls: ToolCallRepository,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Records a call. One that the message knows by its call id is not recorded again: while it is pending it becomes
   * what the report says, and once it has ended only the same report is accepted.
   */
  async record(report: ToolCallReport): Promise<{ call: ToolCallRecord; isNew: boolean }> {
    this.checkSize(report.result);
    const recorded = await this.store(report);
    const { sessionId, toolName, status } = recorded.call;
    journal(`tool_call:tracked:${toolName}:${status}`, { session_id: sessionId });
    return recorded;
  }

  private async store(report: ToolCallReport): Promise<{ call: ToolCallRecord; isNew: boolean }> {
    try {
      return await this.unitOfWork.run(() => this.insertOrReplace(report, new Date()));
    } catch (error) {
      // Its session was erased at the same moment.
      if (isForeignKeyViolation(error)) throw new MessageNotFoundError();
      throw error;
    }
  }

  private async insertOrReplace(report: ToolCallReport, at: Date): Promise<{ call: ToolCallRecord; isNew: boolean }> {
    const message = await this.sessions.addressOfMessage(report.messageId);
    if (!message) throw new MessageNotFoundError();
    const id = await this.toolCalls.insert(report, message.sessionId, at);
    if (id !== undefined) {
      const finishedAt = report.status === 'pending' ? null : at;
      const call = { ...report, ...message, id, createdAt: at, finishedAt, arguments: null, approval: null };
      return { call, isNew: true };
    }
    await this.toolCalls.replacePending(report, at);
    const call = await this.toolCalls.byCallId(report.messageId, report.callId!);
    if (!call) throw new MessageNotFoundError();
    if (!isAsReported(call, report)) throw new ToolCallFinishedError(call.id, call.status);
    return { call, isNew: false };
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
