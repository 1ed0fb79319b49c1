import { Body, Controller, HttpCode, HttpStatus, Post, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { IdempotencyKey } from '../common/http/idempotency-key.decorator';
import { ChatService } from './chat.service';
import { ChatRequestDto, toCommand } from './dto/chat-request.dto';
import { ChatResponseDto } from './dto/chat-response.dto';
import { OVERHEAD_HEADER } from './turn-clock';

@ApiTags('chat')
@Controller('operator')
export class ChatController {
  constructor(private readonly chat: ChatService) {}

  /** Says something in a session and waits for the answer. */
  @Post('chat')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ operationId: 'chat' })
  @ApiOkResponse({
    headers: {
      [OVERHEAD_HEADER]: {
        description: 'Operator’s own part of the time, without the engine’s and without waiting for earlier turns.',
        schema: { type: 'number' },
        example: 3.1,
      },
      'Idempotency-Replayed': {
        description: '`true` if the same request got this answer before.',
        schema: { type: 'string' },
        example: 'true',
      },
    },
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Makes a repeated request safe for 24 hours: the first answer comes again, with `Idempotency-Replayed: true`; ' +
      'a turn that failed is run on, on the same user message; one that still runs answers 409.',
    schema: { type: 'string', maxLength: 255 },
  })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['session_not_found'],
    409: ['turn_in_progress'],
    413: ['payload_too_large'],
    415: ['unsupported_media_type'],
    422: ['validation_failed', 'idempotency_key_reused'],
    429: ['queue_full'],
    502: ['switch_bad_reply', 'switch_error', 'switch_auth_failed'],
    503: ['switch_unavailable', 'switch_throttled', 'interrupted', 'shutting_down'],
    504: ['switch_timeout'],
  })
  async send(
    @Body() request: ChatRequestDto,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ChatResponseDto> {
    const answer = await this.chat.send(toCommand(request, key));
    response.set(OVERHEAD_HEADER, answer.overheadMs.toFixed(1));
    if (answer.isReplay) response.set('Idempotency-Replayed', 'true');
    return ChatResponseDto.from(answer);
  }
}
