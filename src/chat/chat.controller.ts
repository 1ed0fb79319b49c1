import { Body, Controller, HttpCode, HttpStatus, Post, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { IdempotencyKey } from '../common/http/idempotency-key.decorator';
import { eventStream } from '../events/api-event-stream.decorator';
import { EVENT_DTOS } from '../events/dto/event.dto';
import { ChatService } from './chat.service';
import { ChatStreamService } from './chat-stream.service';
import { ChatRequestDto, toCommand } from './dto/chat-request.dto';
import { ChatResponseDto, PendingChatResponseDto } from './dto/chat-response.dto';
import { OVERHEAD_HEADER } from './turn-clock';
import type { ChatOutcome } from './turn.types';

@ApiTags('chat')
@Controller('operator')
export class ChatController {
  constructor(
    private readonly chat: ChatService,
    private readonly streams: ChatStreamService,
  ) {}

  /** Says something in a session and waits for the answer, or watches it being given. */
  @Post('chat')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({
    operationId: 'chat',
    description:
      'With `Accept: text/event-stream` the answer is the turn’s events, as they happen, up to the one that ends it. A ' +
      'client that goes away stops nothing: the turn runs on, and its events can be read again.',
  })
  @ApiExtraModels(ChatResponseDto, ...EVENT_DTOS)
  @ApiOkResponse({
    description: 'The answer, or the events that lead to it.',
    content: {
      'application/json': { schema: { $ref: getSchemaPath(ChatResponseDto) } },
      'text/event-stream': eventStream(),
    },
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
  @ApiAcceptedResponse({
    type: PendingChatResponseDto,
    description: 'Tools wait for a person: the turn goes on when all is decided. `Location` says how it is doing.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Makes a repeated request safe for 24 hours: the first answer comes again, with `Idempotency-Replayed: true`; ' +
      'a turn that failed is run on, on the same user message; one that still runs answers 409, or, to those who want ' +
      'events, with its events.',
    schema: { type: 'string', maxLength: 255 },
  })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['session_not_found'],
    409: ['turn_in_progress', 'turn_awaiting_approval', 'turn_cancelled', 'approval_expired'],
    413: ['payload_too_large'],
    415: ['unsupported_media_type'],
    422: ['validation_failed', 'idempotency_key_reused'],
    429: ['queue_full', 'too_many_streams'],
    502: ['switch_bad_reply', 'switch_error', 'switch_auth_failed', 'tool_steps_exhausted', 'too_many_tool_calls'],
    503: ['switch_unavailable', 'switch_throttled', 'interrupted', 'shutting_down'],
    504: ['switch_timeout'],
  })
  async send(
    @Body() request: ChatRequestDto,
    @IdempotencyKey() key: string | undefined,
    @Req() { headers }: Request,
    @Res() response: Response,
  ): Promise<void> {
    const command = toCommand(request, key);
    if (wantsEvents(headers.accept)) return this.streams.serve(command, response);
    const outcome = await this.chat.send(command);
    const { status, body, more } = answerTo(outcome);
    response.status(status).set(more).json(body);
  }
}

/** Only those get events who ask for them by name: a wildcard is what everybody sends. */
const wantsEvents = (accept: string | undefined): boolean => /(^|,)\s*text\/event-stream\s*(;|,|$)/i.test(accept ?? '');

function answerTo(outcome: ChatOutcome) {
  const overhead = { [OVERHEAD_HEADER]: outcome.overheadMs.toFixed(1) };
  if (outcome.kind === 'awaiting_approval') {
    const more = { ...overhead, Location: `/operator/turn/${outcome.turnId}` };
    return { status: HttpStatus.ACCEPTED, body: PendingChatResponseDto.from(outcome), more };
  }
  const more = outcome.isReplay ? { ...overhead, 'Idempotency-Replayed': 'true' } : overhead;
  return { status: HttpStatus.OK, body: ChatResponseDto.from(outcome), more };
}
