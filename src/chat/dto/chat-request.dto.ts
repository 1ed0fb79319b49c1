import { IsIn, IsOptional, Length, MaxLength } from 'class-validator';
import { idempotencyOf } from '../../common/http/idempotency';
import { IsJsonObject, IsNotBlank, IsSessionId, IsStorableText } from '../../common/http/text.validators';
import type { ChatCommand } from '../turn.types';

const METADATA_LEVELS = 16;

export class ChatRequestDto {
  /**
   * Which session to go on with, a name of the client's choice. A new session when left out.
   * @example 'support-4711'
   */
  @IsOptional()
  @IsSessionId()
  session_id?: string | null;

  /**
   * Whom the session belongs to.
   * @example 'local'
   */
  @IsOptional()
  @IsStorableText()
  @Length(1, 64)
  user_id?: string | null = 'local';

  /**
   * What to answer. At most 32 KiB of UTF-8.
   * @example 'Why is the EU queue slow?'
   */
  @IsNotBlank()
  @IsStorableText()
  message: string;

  /**
   * What the engine should know beforehand. Goes in front of the history as a system message.
   * @example 'The EU queue was migrated yesterday.'
   */
  @IsOptional()
  @IsStorableText()
  context_summary?: string | null;

  /**
   * Kept with the message and handed to the engine. At most 16 KiB of JSON.
   * @example { "channel": "web" }
   */
  @IsOptional()
  @IsJsonObject(METADATA_LEVELS)
  metadata?: Record<string, unknown> | null;

  /**
   * Which provider the router should prefer.
   * @example 'general-7b'
   */
  @IsOptional()
  @IsStorableText()
  @MaxLength(64)
  provider_hint?: string | null;

  /** What to do when the session is answering another request: wait for one's turn, or fail with 409. */
  @IsOptional()
  @IsIn(['wait', 'reject'])
  on_busy?: 'wait' | 'reject' | null = 'wait';
}

/** The request as a command, every field there. */
export function toCommand(request: ChatRequestDto, idempotencyKey: string | undefined): ChatCommand {
  const { session_id, user_id, message, context_summary, metadata, provider_hint, on_busy } = request;
  const command = {
    sessionId: session_id ?? null,
    userId: user_id ?? 'local',
    message,
    contextSummary: context_summary ?? null,
    metadata: metadata ?? null,
    providerHint: provider_hint ?? null,
  };
  return {
    ...command,
    rejectWhenBusy: on_busy === 'reject',
    idempotency: idempotencyOf(idempotencyKey, command),
  };
}
