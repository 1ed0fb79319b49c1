import { Injectable } from '@nestjs/common';
import { Reader } from '../../database/reader';
import { listQuery, parentsQuery, scopesOf, sessionQuery } from './evidence-queries';
import {
  type AdjustmentRow,
  type ArtifactRow,
  type BrowserTaskRow,
  EVIDENCE_LISTS,
  type EvidenceRows,
  type MessageRow,
  type Parents,
  type RecordAddress,
  type SessionRow,
  type ToolCallRow,
  type TurnRow,
} from './evidence.types';

/** Reads what hangs together, whoever writes it. */
@Injectable()
export class EvidenceRepository {
  constructor(private readonly reader: Reader) {}

  /** What the record hangs on; null when there is no such record. */
  async parents(address: RecordAddress): Promise<Parents | null> {
    const { statement, values } = parentsQuery(address);
    const row = await this.reader.sql((sql) => sql.get<ParentsRow>(statement, values));
    return row
      ? {
          sessionId: row.session_id,
          turnId: row.turn_id ?? null,
          messageId: row.message_id ?? null,
          toolCallId: row.tool_call_id ?? null,
          browserTaskId: row.browser_task_id ?? null,
        }
      : null;
  }

  /** Everything around the record at one moment, the newest first. Null when it has been erased meanwhile. */
  async around(address: RecordAddress, parents: Parents): Promise<EvidenceRows | null> {
    const scopes = scopesOf(address, parents);
    const [[session], turns, messages, tool_calls, browser_tasks, artifacts, adjustments] = (await this.reader.snapshot(
      [sessionQuery(parents.sessionId), ...EVIDENCE_LISTS.map((list) => listQuery(list, scopes[list]))],
    )) as [SessionRow[], TurnRow[], MessageRow[], ToolCallRow[], BrowserTaskRow[], ArtifactRow[], AdjustmentRow[]];
    return session ? { session, turns, messages, tool_calls, browser_tasks, artifacts, adjustments } : null;
  }
}

interface ParentsRow {
  session_id: string;
  turn_id?: string | null;
  message_id?: number | null;
  tool_call_id?: number | null;
  browser_task_id?: number | null;
}
