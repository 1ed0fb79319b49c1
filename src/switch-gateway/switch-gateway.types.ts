import type { EngineName } from '../config/engines';
import type { ToolOffer } from '../tools/tool.types';

export type { EngineName };

/** What is said to an engine: at least one message. The last is a user's, or the result of a tool it asked for. */
export interface Prompt {
  messages: ChatMessage[];
  /** What it may ask to have run; empty: nothing, it is to answer. */
  tools: readonly ToolOffer[];
  sessionId: string;
  userId: string;
  turnId: string;
  messageId: number;
  /** As the client sent it. */
  metadata: Record<string, unknown> | null;
  providerHint: string | null;
  /** Of a chain of engines the one that has begun to answer this turn; null when none has. */
  engine: EngineName | null;
}

export type ChatMessage =
  | { role: 'system' | 'user'; content: string }
  /** `content` is empty if it did nothing but ask for tools. Each of those is answered in the messages that follow. */
  | { role: 'assistant'; content: string; toolCalls?: ToolRequest[] }
  | {
      role: 'tool';
      toolCallId: string;
      toolName: string;
      content: string;
      /** Whose words it has in it, a page's URL; null when they are Operator's own. */
      source: string | null;
    };

/** A tool that an engine wants run before it goes on. */
export interface ToolRequest {
  /** What the engine calls it, for the answer. */
  id: string;
  name: string;
  /** JSON, as the engine wrote it: perhaps none. */
  arguments: string;
}

/** An engine's genuine answer: there is text in it, or a tool to be run, and the engine did not call it an error. */
export interface SwitchReply {
  text: string;
  /** Who answered, in the engine's own words; null when it does not say. */
  engine: string | null;
  servedBy: EngineName;
  /** Those that were asked before and could not, in order. */
  fallbackFrom: Fallback[];
  tokens: number | null;
  /** The engine said that it could answer only in part. */
  isPartial: boolean;
  /** Empty: this is the whole answer. */
  toolCalls: ToolRequest[];
}

/** An engine that did not answer, and the code of its error. */
export interface Fallback {
  engine: EngineName;
  error: string;
}

/** Told of the text as it comes, piece by piece. */
export type OnText = (piece: string) => void;

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
