import type { Idempotency } from '../../common/http/idempotency';

/** What an adjustment can ask Switch for, in the order in which Switch is asked. */
export const APPLICABLE_KEYS = ['default_model', 'preload_model'] as const;
export type ApplicableKey = (typeof APPLICABLE_KEYS)[number];

/** One thing that Switch is to be told. */
export interface SwitchChange {
  key: ApplicableKey;
  model: string;
}

/** Why an adjustment is not applied, and what of it Switch had taken by then. */
export interface ApplyError {
  error: string;
  detail: string;
  key: ApplicableKey;
  done: ApplicableKey[];
}

/** What a client wants recorded, checked and complete. */
export interface AdjustmentCommand {
  sessionId: string;
  messageId: number | null;
  beforeConfig: Record<string, unknown>;
  afterConfig: Record<string, unknown>;
  reason: string;
  idempotency: Idempotency | null;
}

/** What is said about an adjustment when it is recorded: nothing that changes later, so that it can be said again. */
export interface RecordedAdjustment {
  id: number;
  sessionId: string;
  messageId: number | null;
  createdAt: Date;
}

export interface AdjustmentFilter {
  sessionId?: string;
  messageId?: number;
  applied?: boolean;
}
