import type { OperatorEventBody } from '../../events/events.types';
import type { ToolCallEnd, TurnToolCall } from '../../telemetry/tool-calls/tool-call.types';
import { hashOf } from './tool-call-plan';

/** What an engine is told of a call that was cut off. */
export const INTERRUPTED = 'This call was interrupted. Whether it has done anything is not known.';

type Call = Pick<TurnToolCall, 'id' | 'turnId' | 'toolName'>;
type AskedCall = Call & Pick<TurnToolCall, 'step' | 'arguments'>;

/** A call is run. */
export const started = (call: AskedCall): OperatorEventBody => ({ type: 'tool_call.started', data: asked(call) });

/** A call waits for a person, until then. */
export const awaitsApproval = (call: AskedCall, until: Date): OperatorEventBody => ({
  type: 'tool_call.awaiting_approval',
  data: {
    ...asked(call),
    arguments_hash: hashOf(call.toolName, call.arguments),
    expires_at: until.toISOString(),
  },
});

export const decided = (call: Call, decision: 'approved' | 'rejected' | 'expired'): OperatorEventBody => ({
  type: 'tool_call.decided',
  data: { ...addressOf(call), decision },
});

export const finished = (call: Call, { status, durationMs, error }: ToolCallEnd): OperatorEventBody => ({
  type: 'tool_call.finished',
  data: { ...addressOf(call), status, duration_ms: durationMs, error },
});

/** The end of a call that was not run, or of which it is not known what has come of it. */
export const withoutResult = (error: string, told: string): ToolCallEnd => ({
  status: 'error',
  durationMs: null,
  result: null,
  error,
  told,
  source: null,
});

const addressOf = ({ id, turnId, toolName }: Call) => ({ tool_call_id: id, turn_id: turnId, tool_name: toolName });
const asked = (call: AskedCall) => ({ ...addressOf(call), step: call.step, arguments: call.arguments });
