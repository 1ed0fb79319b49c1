import type { TurnToolCall } from '../../telemetry/tool-calls/tool-call.types';
import type { PendingApproval } from '../turn.types';
import { hashOf } from './tool-call-plan';

/** A call as it is shown to whoever is to agree to it. */
export const toApproval = ({ id, toolName, arguments: given, approvalExpiresAt }: TurnToolCall): PendingApproval => ({
  toolCallId: id,
  toolName,
  arguments: given,
  argumentsHash: hashOf(toolName, given),
  expiresAt: approvalExpiresAt!,
});

export const isUndecided = ({ status, approval }: TurnToolCall): boolean =>
  status === 'pending' && approval === 'pending';
