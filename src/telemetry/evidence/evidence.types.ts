export const EVIDENCE_KINDS = [
  'session',
  'message',
  'turn',
  'tool_call',
  'browser_task',
  'artifact',
  'adjustment',
] as const;
export type EvidenceKind = (typeof EVIDENCE_KINDS)[number];

export const EVIDENCE_LISTS = ['turns', 'messages', 'tool_calls', 'browser_tasks', 'artifacts', 'adjustments'] as const;
export type EvidenceList = (typeof EVIDENCE_LISTS)[number];

/** A record, by the id of its kind: a session's name, a turn's UUID, any other's number. */
export interface RecordAddress {
  kind: EvidenceKind;
  id: string | number;
}

/** What a record hangs on. None of it ever changes. */
export interface Parents {
  sessionId: string;
  turnId: string | null;
  messageId: number | null;
  toolCallId: number | null;
  browserTaskId: number | null;
}

/** Everything around a record. Rows of a read model: they keep the names of their columns. */
export interface EvidenceRows {
  session: SessionRow;
  turns: TurnRow[];
  messages: MessageRow[];
  tool_calls: ToolCallRow[];
  browser_tasks: BrowserTaskRow[];
  artifacts: ArtifactRow[];
  adjustments: AdjustmentRow[];
}

/** A list that does not have everything. */
export interface Truncation {
  list: EvidenceList;
  /** Where the whole of it can be read page by page; null where nothing lists it. */
  allAt: string | null;
}

export interface Evidence extends EvidenceRows {
  truncated: Truncation[];
}

/** As the database's driver gives it. */
type Time = string | Date;

export interface SessionRow {
  session_id: string;
  user_id: string;
  source: string;
  message_count: number;
  created_at: Time;
  updated_at: Time;
}

export interface TurnRow {
  id: string;
  session_id: string;
  status: string;
  attempt: number;
  engine: string | null;
  latency_ms: number | null;
  error_code: string | null;
  created_at: Time;
  finished_at: Time | null;
}

export interface MessageRow {
  id: number;
  session_id: string;
  turn_id: string | null;
  role: string;
  content: string;
  content_length: number;
  created_at: Time;
}

/** JSON stands in it as text, null where it is too large to be shown. */
export interface ToolCallRow {
  id: number;
  message_id: number;
  tool_name: string;
  arguments: string | null;
  approval: string | null;
  status: string;
  duration_ms: number | null;
  result: string | null;
  result_bytes: number | null;
  error: string | null;
  created_at: Time;
}

export interface BrowserTaskRow {
  id: number;
  session_id: string;
  tool_call_id: number | null;
  url: string;
  status: string;
  attempt: number;
  title: string | null;
  snapshot_path: string | null;
  result: string | null;
  result_bytes: number | null;
  error: string | null;
  created_at: Time;
  executed_at: Time | null;
  finished_at: Time | null;
}

export interface ArtifactRow {
  id: number;
  task_id: number;
  attempt: number;
  step: number | null;
  kind: string;
  content_type: string;
  bytes: number;
  sha256: string;
  created_at: Time;
}

export interface AdjustmentRow {
  id: number;
  session_id: string;
  message_id: number | null;
  before_config: string | null;
  before_config_bytes: number;
  after_config: string | null;
  after_config_bytes: number;
  reason: string | null;
  applied: boolean | number;
  created_at: Time;
  applied_at: Time | null;
}
