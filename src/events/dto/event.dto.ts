import type { OperatorEventBody, StreamEnd } from '../events.types';

abstract class EventDto {
  /** @example '2026-11-23T09:30:00.000Z' */
  timestamp: string;
}

/** What is kept, and can be asked for again. */
abstract class StoredEventDto extends EventDto {
  /** @example 'support-4711' */
  session_id: string;
  /**
   * 1, 2, 3 … within the session, without gaps. It is the event’s `id:` in the session’s stream; that of all sessions
   * has ids of another kind.
   * @example 3
   */
  seq: number;
}

/** What is about the stream itself. */
abstract class StreamEventDto extends EventDto {
  /**
   * Null in the stream of all sessions.
   * @example 'support-4711'
   */
  session_id: string | null;
  /** Null: it is not stored, and has no `id:`. */
  seq: number | null;
}

export class SessionCreatedDataDto {
  /** @example 'local' */
  user_id: string;
}

export class SessionCreatedEventDto extends StoredEventDto {
  /**
   * The session has begun: its first event.
   * @example 'session.created'
   */
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

export class MessageCreatedEventDto extends StoredEventDto {
  /**
   * A message has been stored: a question, or an answer, be it one that was cut off.
   * @example 'message.created'
   */
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

export class TurnStartedEventDto extends StoredEventDto {
  /**
   * An attempt at an answer has begun. Pieces of attempts before it are of no use any more.
   * @example 'turn.started'
   */
  type: 'turn.started';
  data: TurnStartedDataDto;
}

export class MessageDeltaDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 1 */
  attempt: number;
  /**
   * Where it belongs in the text of this attempt, in UTF-16 code units, as JavaScript counts. A piece may come twice, or
   * as part of a larger one: putting it in its place once more changes nothing.
   * @example 0
   */
  offset: number;
  /** @example 'Since the migration ' */
  text: string;
}

export class MessageDeltaEventDto extends EventDto {
  /**
   * A piece of the answer.
   * @example 'message.delta'
   */
  type: 'message.delta';
  /** @example 'support-4711' */
  session_id: string;
  /**
   * Null for a piece that is told while it is said. A moment later it is stored as part of a larger piece, which has a
   * `seq` and is not told again to those who have seen all of it; so for them `seq` may seem to skip one. `id:` says
   * where to go on.
   * @example 4
   */
  seq: number | null;
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
   * JSON, as the engine wrote it, such as `{"url":"https://example.com/"}`; what it wrote may be none.
   * @example '{}'
   */
  arguments: string;
}

export class ToolCallStartedEventDto extends StoredEventDto {
  /**
   * A tool is called.
   * @example 'tool_call.started'
   */
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
   * What it would be called with, as the engine wrote it: JSON, such as
   * `{"url":"https://example.com/form","actions":[{"action":"click","selector":"#send"}]}`.
   * @example '{}'
   */
  arguments: string;
  /**
   * What is agreed to: SHA-256 of the tool’s name, a line feed and these arguments.
   * @example '5f0b6b7c0b9ad34d2f8a6d1f6f3c7d3f5b0b6f2f1f0c4a0e9d8c7b6a59483726'
   */
  arguments_hash: string;
  /**
   * When nobody has decided by then, the turn fails.
   * @example '2026-11-23T10:30:00.000Z'
   */
  expires_at: string;
}

export class ToolCallAwaitingApprovalEventDto extends StoredEventDto {
  /**
   * A call waits for a person to agree to it.
   * @example 'tool_call.awaiting_approval'
   */
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

export class ToolCallDecidedEventDto extends StoredEventDto {
  /**
   * A person has agreed to a call, or refused it.
   * @example 'tool_call.decided'
   */
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
   * Null for a call that was not run, or was cut off.
   * @example 812
   */
  duration_ms: number | null;
  /**
   * Why it failed or was not run: a text for people, or `rejected`, `interrupted`, `cancelled`, `approval_expired`.
   */
  error: string | null;
}

export class ToolCallFinishedEventDto extends StoredEventDto {
  /**
   * A call has ended. `GET /operator/tool/calls` has its result.
   * @example 'tool_call.finished'
   */
  type: 'tool_call.finished';
  data: ToolCallFinishedDataDto;
}

export class ToolCallReportedDataDto {
  /** @example 8 */
  tool_call_id: number;
  /**
   * The message that the call belongs to.
   * @example 43
   */
  message_id: number;
  /**
   * The turn that the message belongs to; null for a message that no turn has made.
   * @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d'
   */
  turn_id: string | null;
  /** @example 'shell' */
  tool_name: string;
  /** @example 'ok' */
  status: 'pending' | 'ok' | 'error';
  /**
   * Null when the report did not say.
   * @example 812
   */
  duration_ms: number | null;
  /** Why it failed, in the words of the report. */
  error: string | null;
}

export class ToolCallReportedEventDto extends StoredEventDto {
  /**
   * Somebody else’s tool call was recorded (`POST /operator/tool/call`), or has changed since.
   * @example 'tool_call.reported'
   */
  type: 'tool_call.reported';
  data: ToolCallReportedDataDto;
}

export class TurnAwaitingApprovalDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
}

export class TurnAwaitingApprovalEventDto extends StoredEventDto {
  /**
   * The turn waits until a person has decided on all its calls.
   * @example 'turn.awaiting_approval'
   */
  type: 'turn.awaiting_approval';
  data: TurnAwaitingApprovalDataDto;
}

export class TurnResumedDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
}

export class TurnResumedEventDto extends StoredEventDto {
  /**
   * All is decided, and the turn goes on.
   * @example 'turn.resumed'
   */
  type: 'turn.resumed';
  data: TurnResumedDataDto;
}

export class TurnSucceededDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 1 */
  attempt: number;
  /**
   * Who answered; null if it did not say.
   * @example 'general-7b'
   */
  engine: string | null;
  /**
   * How long the engine took.
   * @example 812
   */
  latency_ms: number;
  /**
   * The message that is the answer.
   * @example 43
   */
  message_id: number;
}

export class TurnSucceededEventDto extends StoredEventDto {
  /**
   * There is an answer: the last event of a turn.
   * @example 'turn.succeeded'
   */
  type: 'turn.succeeded';
  data: TurnSucceededDataDto;
}

export class TurnFailedDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 1 */
  attempt: number;
  /**
   * A code, as in the `error` of a problem document.
   * @example 'switch_timeout'
   */
  error: string;
  /** @example 'Switch did not answer in time.' */
  detail: string;
  /**
   * The message that keeps what was said until then; null if there was nothing.
   * @example 43
   */
  message_id: number | null;
}

export class TurnFailedEventDto extends StoredEventDto {
  /**
   * There is no answer: the last event of a turn, unless it is run once more.
   * @example 'turn.failed'
   */
  type: 'turn.failed';
  data: TurnFailedDataDto;
}

export class TurnCancelledDataDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  turn_id: string;
  /** @example 1 */
  attempt: number;
  /**
   * The message that keeps what was said until then; null if there was nothing.
   * @example 43
   */
  message_id: number | null;
}

export class TurnCancelledEventDto extends StoredEventDto {
  /**
   * A person has put an end to the turn: its last event.
   * @example 'turn.cancelled'
   */
  type: 'turn.cancelled';
  data: TurnCancelledDataDto;
}

export class AdjustmentCreatedDataDto {
  /** @example 5 */
  adjustment_id: number;
  /**
   * The message that it was recorded for, if any.
   * @example 42
   */
  message_id: number | null;
}

export class AdjustmentCreatedEventDto extends StoredEventDto {
  /**
   * A change of the router has been recorded.
   * @example 'adjustment.created'
   */
  type: 'adjustment.created';
  data: AdjustmentCreatedDataDto;
}

export class AdjustmentAppliedDataDto {
  /** @example 5 */
  adjustment_id: number;
}

export class AdjustmentAppliedEventDto extends StoredEventDto {
  /**
   * The router has been told of it.
   * @example 'adjustment.applied'
   */
  type: 'adjustment.applied';
  data: AdjustmentAppliedDataDto;
}

export class BrowserTaskDataDto {
  /** @example 3 */
  task_id: number;
  /**
   * How often it was begun: 0 while it waits for the first time.
   * @example 1
   */
  attempt: number;
  /**
   * With `browser_task.pending`: what asked for it, null if nothing but a client did.
   * @example 7
   */
  tool_call_id?: number | null;
  /**
   * Why, where it did not end well, or is begun again: a code, as in the task’s `error`.
   * @example 'navigation_failed'
   */
  error?: string;
}

export class BrowserTaskEventDto extends StoredEventDto {
  /**
   * A browser task is in another state now.
   * @example 'browser_task.done'
   */
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
   * The `seq` up to which everything has been sent: whoever comes again goes on from there. Null in the stream of all
   * sessions.
   * @example 57
   */
  last_seq: number | null;
}

export class HeartbeatEventDto extends StreamEventDto {
  /**
   * The connection is alive. The first thing in a stream, then every ten seconds.
   * @example 'heartbeat'
   */
  type: 'heartbeat';
  data: HeartbeatDataDto;
}

export class StreamEndedDataDto {
  /**
   * `slow_reader`: nothing was taken for ten seconds; `shutting_down`: this process ends; `session_erased`: there is
   * nothing more to see.
   * @example 'slow_reader'
   */
  reason: Exclude<StreamEnd, 'turn_ended'>;
  /**
   * As in a heartbeat.
   * @example 57
   */
  last_seq: number | null;
}

export class StreamEndedEventDto extends StreamEventDto {
  /**
   * Operator ends the stream, for another reason than the end of the turn it was about.
   * @example 'stream.ended'
   */
  type: 'stream.ended';
  data: StreamEndedDataDto;
}

/** Whatever may come in a stream, as `events.types.ts` has it, and what is about the stream itself. */
export const EVENT_DTOS = [
  SessionCreatedEventDto,
  MessageCreatedEventDto,
  TurnStartedEventDto,
  MessageDeltaEventDto,
  ToolCallStartedEventDto,
  ToolCallAwaitingApprovalEventDto,
  ToolCallDecidedEventDto,
  ToolCallFinishedEventDto,
  ToolCallReportedEventDto,
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
] satisfies (new () => OperatorEventBody | HeartbeatEventDto | StreamEndedEventDto)[];
