/** What is said to an engine. Always at least one message; the current one, a user's, comes last. */
export interface Prompt {
  messages: ChatMessage[];
  sessionId: string;
  userId: string;
  turnId: string;
  messageId: number;
  /** As the client sent it. */
  metadata: Record<string, unknown> | null;
  providerHint: string | null;
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** An engine's genuine answer: there is text in it, and the engine did not call it an error. */
export interface SwitchReply {
  text: string;
  /** Who answered, in the engine's own words; null when it does not say. */
  engine: string | null;
  tokens: number | null;
  /** The engine said that it could answer only in part. */
  isPartial: boolean;
  toolCalls: ToolCallReport[];
}

/** A tool that the engine ran on the way to its answer. */
export interface ToolCallReport {
  toolName: string;
  status: 'ok' | 'error';
  durationMs: number;
  result: unknown;
  error: string | null;
}

export interface SwitchTask {
  taskType: string;
  payload: Record<string, unknown>;
  providerHint?: string;
}

export interface SwitchTaskReply {
  status: 'ok' | 'pending';
  provider: string | null;
  result: unknown;
  queueId: number | null;
}

export interface SwitchFeedback {
  engine: string;
  success: boolean;
  latencyMs: number;
  tokens?: number;
  error?: string;
}

export interface SwitchQueueStatus {
  size: number;
  items: { taskId: string | null; priority: number | null; enqueuedAt: string | null }[];
}

export interface SwitchModel {
  name: string;
  category: string | null;
  sizeMb: number | null;
  status: string | null;
  isWarm: boolean | null;
  tags: string[];
}

export interface SwitchModels {
  models: SwitchModel[];
  /** The model that answers unless a request says otherwise; null when there is none, or Switch does not say. */
  active: string | null;
  /** The model that is loaded besides. */
  warm: string | null;
}

/** `ok`, or why not, for people and probes. */
export interface EngineHealth {
  isHealthy: boolean;
  detail: string;
}
