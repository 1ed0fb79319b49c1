import type { StreamEnd } from '../events.types';

/** What every event has. */
abstract class EventDto {
  /**
   * Null for events of no session.
   * @example 'support-4711'
   */
  session_id: string | null;
  /**
   * 1, 2, 3 … within the session; null for what is not stored.
   * @example 3
   */
  seq: number | null;
  /** @example '2026-11-23T09:30:00.000Z' */
  timestamp: string;
}

export class SessionCreatedDataDto {
  /** @example 'local' */
  user_id: string;
}

/** The session has begun. */
export class SessionCreatedEventDto extends EventDto {
  /** @example 'session.created' */
  type: 'session.created';
  data: SessionCreatedDataDto;
}

export class MessageCreatedDataDto {
  /** @example 42 */
  message_id: number;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 'user' */
  role: 'user' | 'assistant';
}

/** A message is kept. */
export class MessageCreatedEventDto extends EventDto {
  /** @example 'message.created' */
  type: 'message.created';
  data: MessageCreatedDataDto;
}

export class TurnStartedDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /**
   * 1 at first.
   * @example 1
   */
  attempt: number;
}

/** An attempt at an answer has begun. Pieces of earlier attempts are of no use any more. */
export class TurnStartedEventDto extends EventDto {
  /** @example 'turn.started' */
  type: 'turn.started';
  data: TurnStartedDataDto;
}

export class MessageDeltaDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 1 */
  attempt: number;
  /**
   * Where it belongs in the text of this attempt, in UTF-16 code units: whoever gets a piece twice puts it there twice.
   * @example 0
   */
  offset: number;
  /** @example 'Since the migration ' */
  text: string;
}

/**
 * A piece of the answer. One that is told as it is said has no `seq`: a moment later it is stored, as part of a larger piece,
 * which is not told again to those who have got it.
 */
export class MessageDeltaEventDto extends EventDto {
  /** @example 'message.delta' */
  type: 'message.delta';
  data: MessageDeltaDataDto;
}

export class ToolCallStartedDataDto {
  /** @example 7 */
  tool_call_id: number;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 'browser_open' */
  tool_name: string;
  /**
   * 1 for what the engine asked for first.
   * @example 1
   */
  step: number;
  /**
   * JSON, as the engine wrote it: perhaps none.
   * @example '{"url":"https://example.com"}'
   */
  arguments: string;
}

/** A tool is run. */
export class ToolCallStartedEventDto extends EventDto {
  /** @example 'tool_call.started' */
  type: 'tool_call.started';
  data: ToolCallStartedDataDto;
}

export class ToolCallAwaitingApprovalDataDto {
  /** @example 7 */
  tool_call_id: number;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 'browser_act' */
  tool_name: string;
  /**
   * 1 for what the engine asked for first.
   * @example 1
   */
  step: number;
  /**
   * JSON, as the engine wrote it.
   * @example '{"url":"https://example.com","actions":[]}'
   */
  arguments: string;
  /**
   * What is agreed to.
   * @example '5f0b6b7c0b9ad34d2f8a6d1f6f3c7d3f5b0b6f2f1f0c4a0e9d8c7b6a59483726'
   */
  arguments_hash: string;
  /** @example '2026-11-23T10:30:00.000Z' */
  expires_at: string;
}

/** A tool is not run until a person agrees to it. */
export class ToolCallAwaitingApprovalEventDto extends EventDto {
  /** @example 'tool_call.awaiting_approval' */
  type: 'tool_call.awaiting_approval';
  data: ToolCallAwaitingApprovalDataDto;
}

export class ToolCallDecidedDataDto {
  /** @example 7 */
  tool_call_id: number;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 'browser_act' */
  tool_name: string;
  /** @example 'approved' */
  decision: 'approved' | 'rejected' | 'expired';
}

/** A person has agreed to a call, or refused it; or nobody has in time. */
export class ToolCallDecidedEventDto extends EventDto {
  /** @example 'tool_call.decided' */
  type: 'tool_call.decided';
  data: ToolCallDecidedDataDto;
}

export class ToolCallFinishedDataDto {
  /** @example 7 */
  tool_call_id: number;
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 'browser_open' */
  tool_name: string;
  /** @example 'ok' */
  status: 'ok' | 'error';
  /**
   * Null: it was not run, or cut off.
   * @example 812
   */
  duration_ms: number | null;
  error: string | null;
}

/** A call has ended; its record has the result. */
export class ToolCallFinishedEventDto extends EventDto {
  /** @example 'tool_call.finished' */
  type: 'tool_call.finished';
  data: ToolCallFinishedDataDto;
}

export class TurnAwaitingApprovalDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
}

/** The turn waits until all its calls are decided. */
export class TurnAwaitingApprovalEventDto extends EventDto {
  /** @example 'turn.awaiting_approval' */
  type: 'turn.awaiting_approval';
  data: TurnAwaitingApprovalDataDto;
}

export class TurnResumedDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
}

/** All is decided, the turn goes on. */
export class TurnResumedEventDto extends EventDto {
  /** @example 'turn.resumed' */
  type: 'turn.resumed';
  data: TurnResumedDataDto;
}

export class TurnSucceededDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 1 */
  attempt: number;
  /**
   * Who answered, in the engine’s own words.
   * @example 'general-7b'
   */
  engine: string | null;
  /**
   * How long the engine took.
   * @example 812
   */
  latency_ms: number;
  /**
   * The answer.
   * @example 43
   */
  message_id: number;
}

/** There is an answer. */
export class TurnSucceededEventDto extends EventDto {
  /** @example 'turn.succeeded' */
  type: 'turn.succeeded';
  data: TurnSucceededDataDto;
}

export class TurnFailedDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 1 */
  attempt: number;
  /** @example 'switch_timeout' */
  error: string;
  /** @example 'Switch did not answer in time.' */
  detail: string;
  /**
   * The message that keeps what was said until then; null when there was nothing.
   * @example 43
   */
  message_id: number | null;
}

/** There is no answer. */
export class TurnFailedEventDto extends EventDto {
  /** @example 'turn.failed' */
  type: 'turn.failed';
  data: TurnFailedDataDto;
}

export class TurnCancelledDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 1 */
  attempt: number;
  /**
   * The message that keeps what was said until then; null when there was nothing.
   * @example 43
   */
  message_id: number | null;
}

/** Somebody has put an end to the turn. */
export class TurnCancelledEventDto extends EventDto {
  /** @example 'turn.cancelled' */
  type: 'turn.cancelled';
  data: TurnCancelledDataDto;
}

export class AdjustmentCreatedDataDto {
  /** @example 5 */
  adjustment_id: number;
  /** @example 42 */
  message_id: number | null;
}

/** A change of the router was recorded. */
export class AdjustmentCreatedEventDto extends EventDto {
  /** @example 'adjustment.created' */
  type: 'adjustment.created';
  data: AdjustmentCreatedDataDto;
}

export class AdjustmentAppliedDataDto {
  /** @example 5 */
  adjustment_id: number;
}

/** The router has made a change. */
export class AdjustmentAppliedEventDto extends EventDto {
  /** @example 'adjustment.applied' */
  type: 'adjustment.applied';
  data: AdjustmentAppliedDataDto;
}

export class BrowserTaskDataDto {
  /** @example 3 */
  task_id: number;
  /** @example 1 */
  attempt: number;
  /**
   * What asked for it.
   * @example 7
   */
  tool_call_id?: number | null;
  /**
   * Why, where it did not end well.
   * @example 'navigation_failed'
   */
  error?: string;
}

/** A browser task has come into this state. */
export class BrowserTaskEventDto extends EventDto {
  /** @example 'browser_task.done' */
  type:
    | 'browser_task.pending'
    | 'browser_task.running'
    | 'browser_task.done'
    | 'browser_task.error'
    | 'browser_task.timeout'
    | 'browser_task.cancelled'
    | 'browser_task.unknown_outcome';
  data: BrowserTaskDataDto;
}

export class HeartbeatDataDto {
  /**
   * Where the reader is; null for those of all sessions.
   * @example 57
   */
  last_seq: number | null;
}

/** Nothing has happened, and the connection is alive. */
export class HeartbeatEventDto extends EventDto {
  /** @example 'heartbeat' */
  type: 'heartbeat';
  data: HeartbeatDataDto;
}

export class StreamEndedDataDto {
  /** @example 'slow_reader' */
  reason: Exclude<StreamEnd, 'turn_ended'>;
  /** @example 57 */
  last_seq: number | null;
}

/** Operator ends the stream. Whoever comes again with the last `id` misses nothing. */
export class StreamEndedEventDto extends EventDto {
  /** @example 'stream.ended' */
  type: 'stream.ended';
  data: StreamEndedDataDto;
}

/** Whatever may come in a stream. */
export const EVENT_DTOS = [
  SessionCreatedEventDto,
  MessageCreatedEventDto,
  TurnStartedEventDto,
  MessageDeltaEventDto,
  ToolCallStartedEventDto,
  ToolCallAwaitingApprovalEventDto,
  ToolCallDecidedEventDto,
  ToolCallFinishedEventDto,
  TurnAwaitingApprovalEventDto,
  TurnResumedEventDto,
  TurnSucceededEventDto,
  TurnFailedEventDto,
  TurnCancelledEventDto,
  AdjustmentCreatedEventDto,
  AdjustmentAppliedEventDto,
  BrowserTaskEventDto,
  HeartbeatEventDto,
  StreamEndedEventDto,
];
