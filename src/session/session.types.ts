export type MessageRole = 'user' | 'assistant' | 'system' | 'tool';

export interface NewMessage {
  sessionId: string;
  turnId: string;
  role: 'user' | 'assistant';
  content: string;
  metadata: Record<string, unknown> | null;
  at: Date;
}

/** A message as history shows it to an engine. */
export interface HistoryMessage {
  role: string;
  content: string;
  turnId: string | null;
  /** An answer that was cut off. */
  isIncomplete: boolean;
}

/** Metadata of an answer that was cut off. */
export const INCOMPLETE = { incomplete: true };

/** A message as the turn that made it wants it back. */
export interface TurnMessage {
  id: number;
  content: string;
  metadata: Record<string, unknown> | null;
}

/** A message in which something was found. */
export interface FoundMessage {
  id: number;
  role: string;
  content: string;
}

/** What a message belongs to. */
export interface MessageAddress {
  sessionId: string;
  turnId: string | null;
}

/** A tool call as a session's messages show it. */
export interface RecordedToolCall {
  id: number;
  messageId: number;
  toolName: string;
  status: string;
  durationMs: number | null;
  result: unknown;
  error: string | null;
}

/** The first tool calls of a message. */
export interface FirstToolCalls {
  calls: RecordedToolCall[];
  hasMore: boolean;
}

export interface Page<T> {
  items: T[];
  /** Where the next page begins; null after the last one. */
  nextCursor: number | null;
}
