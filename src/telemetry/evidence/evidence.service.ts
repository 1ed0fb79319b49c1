import { Injectable } from '@nestjs/common';
import { ArtifactNotFoundError, BrowserTaskNotFoundError } from '../../browser/browser.errors';
import type { OperatorError } from '../../common/errors/operator.error';
import { journal } from '../../common/logging/journal';
import { MessageNotFoundError, SessionNotFoundError } from '../../session/session.errors';
import { truncate } from './evidence-truncation';
import { EvidenceRepository } from './evidence.repository';
import type { Evidence, EvidenceKind, RecordAddress } from './evidence.types';
import { AdjustmentNotFoundError } from '../adjustments/adjustment.errors';
import { ToolCallNotFoundError } from '../tool-calls/tool-call.errors';
import { EvidenceTurnNotFoundError } from './evidence.errors';

const NOT_FOUND: Record<EvidenceKind, new () => OperatorError> = {
  session: SessionNotFoundError,
  turn: EvidenceTurnNotFoundError,
  message: MessageNotFoundError,
  tool_call: ToolCallNotFoundError,
  browser_task: BrowserTaskNotFoundError,
  artifact: ArtifactNotFoundError,
  adjustment: AdjustmentNotFoundError,
};

/** The chain around a record: message → turn → tool call → browser task, up to its session and down to its last task. */
@Injectable()
export class EvidenceService {
  constructor(private readonly evidence: EvidenceRepository) {}

  async around(address: RecordAddress): Promise<Evidence> {
    const { kind, id } = address;
    const parents = await this.evidence.parents(address);
    const rows = parents && (await this.evidence.around(address, parents));
    if (!parents || !rows) throw new NOT_FOUND[kind]();
    journal(`evidence:retrieved:${kind}:${id}`, { session_id: parents.sessionId });
    return truncate(rows, address, parents);
  }
}
