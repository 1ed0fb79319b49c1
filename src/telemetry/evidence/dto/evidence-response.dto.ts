import { fromStoredJson, toDate } from '../../../database/sql';
import type {
  AdjustmentRow,
  ArtifactRow,
  BrowserTaskRow,
  Evidence,
  EvidenceKind,
  EvidenceList,
  MessageRow,
  RecordAddress,
  SessionRow,
  ToolCallRow,
  Truncation,
  TurnRow,
} from '../evidence.types';

const toIso = (time: string | Date): string => toDate(time).toISOString();
const toIsoOrNull = (time: string | Date | null): string | null => (time === null ? null : toIso(time));

export class SessionEvidenceDto {
  /** @example 'support-4711' */
  session_id: string;
  /** @example 'local' */
  user_id: string;
  /** @example 'api' */
  source: string;
  /** @example 2 */
  message_count: number;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-11-23T09:31:12.000Z' */
  updated_at: string;

  static from(row: SessionRow): SessionEvidenceDto {
    return {
      session_id: row.session_id,
      user_id: row.user_id,
      source: row.source,
      message_count: row.message_count,
      created_at: toIso(row.created_at),
      updated_at: toIso(row.updated_at),
    };
  }
}

export class TurnEvidenceDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  id: string;
  /** @example 'support-4711' */
  session_id: string;
  /** @example 'succeeded' */
  status: string;
  /** @example 1 */
  attempt: number;
  /** @example 'general-7b' */
  engine: string | null;
  /** @example 812 */
  latency_ms: number | null;
  /** The code of what went wrong; null when nothing did. */
  error: string | null;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-11-23T09:30:00.815Z' */
  finished_at: string | null;

  static from(row: TurnRow): TurnEvidenceDto {
    return {
      id: row.id,
      session_id: row.session_id,
      status: row.status,
      attempt: row.attempt,
      engine: row.engine,
      latency_ms: row.latency_ms,
      error: row.error_code,
      created_at: toIso(row.created_at),
      finished_at: toIsoOrNull(row.finished_at),
    };
  }
}

export class MessageEvidenceDto {
  /** @example 42 */
  id: number;
  /** @example 'support-4711' */
  session_id: string;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string | null;
  /** @example 'user' */
  role: string;
  /**
   * The first 1,000 characters.
   * @example 'Why is the EU queue slow?'
   */
  content: string;
  /**
   * Characters in all.
   * @example 25
   */
  content_length: number;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;

  static from(row: MessageRow): MessageEvidenceDto {
    return {
      id: row.id,
      session_id: row.session_id,
      turn_id: row.turn_id,
      role: row.role,
      content: row.content,
      content_length: row.content_length,
      created_at: toIso(row.created_at),
    };
  }
}

export class ToolCallEvidenceDto {
  /** @example 7 */
  id: number;
  /** @example 42 */
  message_id: number;
  /** @example 'browser' */
  tool_name: string;
  /**
   * What an engine has asked for; null for calls that others report, and when it has more than 4 KiB.
   * @example { "url": "https://example.com" }
   */
  arguments: unknown;
  /**
   * Whether a person has agreed to it; null when nobody had to.
   * @example 'approved'
   */
  approval: string | null;
  /** @example 'ok' */
  status: string;
  /** @example 3 */
  duration_ms: number | null;
  /**
   * Null also when it has more than 4 KiB.
   * @example { "title": "Example" }
   */
  result: unknown;
  /**
   * Bytes of its JSON; null when there is none.
   * @example 19
   */
  result_bytes: number | null;
  /** The first 1,000 characters. */
  error: string | null;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;

  static from(row: ToolCallRow): ToolCallEvidenceDto {
    return {
      id: row.id,
      message_id: row.message_id,
      tool_name: row.tool_name,
      arguments: fromStoredJson(row.arguments),
      approval: row.approval,
      status: row.status,
      duration_ms: row.duration_ms,
      result: fromStoredJson(row.result),
      result_bytes: row.result_bytes,
      error: row.error,
      created_at: toIso(row.created_at),
    };
  }
}

export class BrowserTaskEvidenceDto {
  /** @example 3 */
  id: number;
  /** @example 'support-4711' */
  session_id: string;
  /**
   * The tool call that asked for it; null when none did.
   * @example 7
   */
  tool_call_id: number | null;
  /** @example 'https://example.com/' */
  url: string;
  /** @example 'done' */
  status: string;
  /**
   * How often it was begun.
   * @example 1
   */
  attempt: number;
  /** @example 'Example Domain' */
  title: string | null;
  /** Whether a picture of the page was kept. */
  has_snapshot: boolean;
  /**
   * Null also when it has more than 4 KiB.
   * @example { "title": "Example" }
   */
  result: unknown;
  /**
   * Bytes of its JSON; null when there is none.
   * @example 19
   */
  result_bytes: number | null;
  /** The first 1,000 characters. */
  error: string | null;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-11-23T09:30:01.000Z' */
  executed_at: string | null;
  /** @example '2026-11-23T09:30:01.400Z' */
  finished_at: string | null;

  static from(row: BrowserTaskRow): BrowserTaskEvidenceDto {
    return {
      id: row.id,
      session_id: row.session_id,
      tool_call_id: row.tool_call_id,
      url: row.url,
      status: row.status,
      attempt: row.attempt,
      title: row.title,
      has_snapshot: row.snapshot_path !== null,
      result: fromStoredJson(row.result),
      result_bytes: row.result_bytes,
      error: row.error,
      created_at: toIso(row.created_at),
      executed_at: toIsoOrNull(row.executed_at),
      finished_at: toIsoOrNull(row.finished_at),
    };
  }
}

export class ArtifactEvidenceDto {
  /** @example 12 */
  id: number;
  /** @example 3 */
  task_id: number;
  /** @example 1 */
  attempt: number;
  /** The task’s step that made it, from 0; null for what is taken at the end. */
  step: number | null;
  /** @example 'snapshot' */
  kind: string;
  /** @example 'image/png' */
  content_type: string;
  /** @example 18211 */
  bytes: number;
  /** @example '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' */
  sha256: string;
  /** @example '2026-11-23T09:30:01.400Z' */
  created_at: string;

  static from(row: ArtifactRow): ArtifactEvidenceDto {
    return {
      id: row.id,
      task_id: row.task_id,
      attempt: row.attempt,
      step: row.step,
      kind: row.kind,
      content_type: row.content_type,
      bytes: row.bytes,
      sha256: row.sha256,
      created_at: toIso(row.created_at),
    };
  }
}

export class AdjustmentEvidenceDto {
  /** @example 6 */
  id: number;
  /** @example 'support-4711' */
  session_id: string;
  /** @example 42 */
  message_id: number | null;
  /**
   * Null also when it has more than 4 KiB.
   * @example { "default_model": "general-7b" }
   */
  before_config: unknown;
  /**
   * Bytes of its JSON.
   * @example 30
   */
  before_config_bytes: number;
  /**
   * Null also when it has more than 4 KiB.
   * @example { "default_model": "audio-engineering" }
   */
  after_config: unknown;
  /**
   * Bytes of its JSON.
   * @example 37
   */
  after_config_bytes: number;
  /**
   * The first 1,000 characters.
   * @example 'Answers about audio are too shallow.'
   */
  reason: string | null;
  /** Whether Switch has been told, and agreed. */
  applied: boolean;
  /** @example '2026-11-23T09:30:00.000Z' */
  created_at: string;
  /** @example '2026-11-23T09:31:00.000Z' */
  applied_at: string | null;

  static from(row: AdjustmentRow): AdjustmentEvidenceDto {
    return {
      id: row.id,
      session_id: row.session_id,
      message_id: row.message_id,
      before_config: fromStoredJson(row.before_config),
      before_config_bytes: row.before_config_bytes,
      after_config: fromStoredJson(row.after_config),
      after_config_bytes: row.after_config_bytes,
      reason: row.reason,
      applied: Boolean(row.applied),
      created_at: toIso(row.created_at),
      applied_at: toIsoOrNull(row.applied_at),
    };
  }
}

export class TruncationDto {
  /** @example 'tool_calls' */
  list: EvidenceList;
  /**
   * Where all of it can be read, page by page; null where nothing lists it.
   * @example '/operator/tool/calls?message_id=42'
   */
  all_at: string | null;

  static from({ list, allAt }: Truncation): TruncationDto {
    return { list, all_at: allAt };
  }
}

/** Flat lists; each entry has its own id and those of what it hangs on, so that the chain can be walked. */
export class EvidenceResponseDto {
  /** @example 'tool_call' */
  kind: EvidenceKind;
  /**
   * As the record’s own kind has it: a text for a session or a turn, else a number.
   * @example 7
   */
  id: unknown;
  session: SessionEvidenceDto;
  /** In the order in which they began. All lists are the oldest first, of the newest 100. */
  turns: TurnEvidenceDto[];
  messages: MessageEvidenceDto[];
  tool_calls: ToolCallEvidenceDto[];
  browser_tasks: BrowserTaskEvidenceDto[];
  /** What browser tasks have kept: `GET /operator/artifact/{id}` hands it out. */
  artifacts: ArtifactEvidenceDto[];
  adjustments: AdjustmentEvidenceDto[];
  /** Lists that do not have everything. */
  truncated: TruncationDto[];

  static of({ kind, id }: RecordAddress, evidence: Evidence): EvidenceResponseDto {
    return {
      kind,
      id,
      session: SessionEvidenceDto.from(evidence.session),
      turns: evidence.turns.map(TurnEvidenceDto.from),
      messages: evidence.messages.map(MessageEvidenceDto.from),
      tool_calls: evidence.tool_calls.map(ToolCallEvidenceDto.from),
      browser_tasks: evidence.browser_tasks.map(BrowserTaskEvidenceDto.from),
      artifacts: evidence.artifacts.map(ArtifactEvidenceDto.from),
      adjustments: evidence.adjustments.map(AdjustmentEvidenceDto.from),
      truncated: evidence.truncated.map(TruncationDto.from),
    };
  }
}
