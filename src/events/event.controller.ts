import { Body, Controller, Get, Headers, Post, Query, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AcceptsStreamToken } from '../common/auth/accepts-stream-token.decorator';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { ApiEventStream } from './api-event-stream.decorator';
import {
  EventListQueryDto,
  StreamTokenRequestDto,
  StreamTokenResponseDto,
  toFilter,
  toPosition,
} from './dto/event-query.dto';
import { EventStreamService } from './event-stream.service';
import { StreamTokenService } from './stream-token.service';

@ApiTags('events')
@Controller('operator/events')
export class EventController {
  constructor(
    private readonly streams: EventStreamService,
    private readonly tokens: StreamTokenService,
  ) {}

  /** Streams what happens in all sessions, in the order in which it was stored. */
  @Get()
  @AcceptsStreamToken()
  @ApiOperation({ operationId: 'streamEvents' })
  @ApiEventStream()
  @ApiProblems({ 422: ['validation_failed'], 429: ['too_many_streams'], 503: ['shutting_down'] })
  async follow(
    @Query() query: EventListQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    await this.streams.serveAll(response, toFilter(query), toPosition(query.after, lastEventId));
  }

  /** Gives a token with which a browser opens one stream, once, within a minute. */
  @Post('token')
  @ApiOperation({ operationId: 'createStreamToken' })
  @ApiCreatedResponse({ type: StreamTokenResponseDto })
  @ApiProblems({
    400: ['malformed_request'],
    413: ['payload_too_large'],
    415: ['unsupported_media_type'],
    422: ['validation_failed'],
  })
  async issue(@Body() { session_id }: StreamTokenRequestDto): Promise<StreamTokenResponseDto> {
    const sessionId = session_id ?? null;
    const { token, expiresAt } = await this.tokens.issue(sessionId);
    return { token, session_id: sessionId, expires_at: expiresAt.toISOString() };
  }
}
