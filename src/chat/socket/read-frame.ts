import { MalformedFrameError } from '../chat.errors';

/** What a frame asks for: what to say in the session, and with which key if it is to be safe to repeat. */
export interface SaidFrame {
  /** As a chat request's body, but for the session, which is the socket's. Not checked yet. */
  request: Record<string, unknown>;
  idempotencyKey: string | undefined;
}

/**
 * A text is something to be said; a JSON object is a message with more to it:
 * `{"event_type":"message_received","data":{"message":"…"}}`.
 */
export function readFrame(text: string): SaidFrame {
  if (!text.trimStart().startsWith('{')) return { request: { message: text }, idempotencyKey: undefined };
  const frame = parsed(text);
  if (frame['event_type'] !== 'message_received') throw new MalformedFrameError('event_type must be message_received');
  const { data } = frame;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new MalformedFrameError('data must be an object');
  }
  const { idempotency_key: key, ...request } = data as Record<string, unknown>;
  if (key != null && (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))) {
    throw new MalformedFrameError('idempotency_key must be 1 to 255 printable characters');
  }
  return { request, idempotencyKey: key ?? undefined };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new MalformedFrameError('it begins like a JSON object and is none');
  }
}
