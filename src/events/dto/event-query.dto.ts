import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsOptional, Matches } from 'class-validator';
import { ValidationFailedError } from '../../common/errors/http.errors';
import { IsSessionId } from '../../common/http/text.validators';
import { type EventPosition, positionOf } from '../event-position';
import type { EventFilter } from '../event.repository';

const commaList = ({ value }: { value: unknown }) => (typeof value === 'string' ? value.split(',') : value);

export class EventListQueryDto {
  /** Only events of this session. */
  @IsOptional()
  @IsSessionId()
  session_id?: string;

  /**
   * Only events of these types, comma-separated; `turn` stands for all that begin with `turn.`.
   * @example ['turn', 'tool_call.finished']
   */
  @IsOptional()
  @Transform(commaList)
  @IsArray()
  @ArrayMaxSize(20)
  @Matches(/^[a-z_]{1,32}(\.[a-z_]{1,32})?$/, { each: true })
  type?: string[];

  /**
   * The `id` of the last event that the client has got; `0-0` begins with the first there is. Without it the stream
   * begins with what happens next.
   * @example '0-4711'
   */
  @IsOptional()
  @Matches(/^\d{1,15}-\d{1,15}$/)
  after?: string;

  /** A single-use token, for browsers, which cannot send headers with a stream. */
  @IsOptional()
  @Matches(/^[\w-]{1,128}$/)
  token?: string;
}

export class SessionEventsQueryDto {
  /**
   * The `seq` of the last event that the client has got; 0 or nothing begins with the first there is. The header
   * `Last-Event-ID`, which browsers send when they come again, goes before it.
   * @example '57'
   */
  @IsOptional()
  @Matches(/^\d{1,9}$/)
  after?: string;

  /** A single-use token, for browsers, which cannot send headers with a stream. */
  @IsOptional()
  @Matches(/^[\w-]{1,128}$/)
  token?: string;
}

export class StreamTokenRequestDto {
  /**
   * The session that may be watched with it; left out, that of all sessions.
   * @example 'support-4711'
   */
  @IsOptional()
  @IsSessionId()
  session_id?: string | null;
}

export class StreamTokenResponseDto {
  /** @example 'kT0xJmS0nqvyQ2cXb1m6Zr8uDq3hWf5s' */
  token: string;
  /** @example 'support-4711' */
  session_id: string | null;
  /** @example '2026-11-23T09:31:00.000Z' */
  expires_at: string;
}

export const toFilter = ({ session_id, type }: EventListQueryDto): EventFilter => ({
  ...(session_id !== undefined && { sessionId: session_id }),
  ...(type !== undefined && { types: type }),
});

/** Where a reader of all sessions goes on; null: with what happens next. */
export function toPosition(after: string | undefined, lastEventId: string | undefined): EventPosition | null {
  const cursor = lastEventId || after;
  if (!cursor) return null;
  const position = positionOf(cursor);
  if (!position) throw new ValidationFailedError([{ field: 'Last-Event-ID', message: 'must be the id of an event' }]);
  return position;
}

/** The last event of a session that a reader has got. */
export function toSeq(after: string | undefined, lastEventId: string | undefined): number {
  const seq = lastEventId || after || '0';
  if (!/^\d{1,9}$/.test(seq)) {
    const field = lastEventId ? 'Last-Event-ID' : 'after';
    throw new ValidationFailedError([{ field, message: `${field} must be the id of an event of this session` }]);
  }
  return Number(seq);
}
