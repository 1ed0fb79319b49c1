import { Controller, Get, Headers, type OnModuleInit, Param, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AcceptsStreamToken } from '../common/auth/accepts-stream-token.decorator';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { ApiEventStream } from '../events/api-event-stream.decorator';
import { SessionEventsQueryDto, toSeq } from '../events/dto/event-query.dto';
import { EventStreamService } from '../events/event-stream.service';
import { SessionPathDto } from './dto/session-query.dto';
import { SessionReadService } from './session-read.service';
import { SessionService } from './session.service';

@ApiTags('events')
@Controller('operator/session')
export class SessionEventsController implements OnModuleInit {
  constructor(
    private readonly sessions: SessionService,
    private readonly reads: SessionReadService,
    private readonly streams: EventStreamService,
  ) {}

  onModuleInit(): void {
    this.sessions.onErase(async (sessionId) => async () => this.streams.closeSession(sessionId, 'session_erased'));
  }

  /** Streams what happens in a session: its log from where the client left it, then what happens, as it happens. */
  @Get(':session_id/events')
  @AcceptsStreamToken()
  @ApiOperation({ operationId: 'streamSessionEvents' })
  @ApiEventStream()
  @ApiProblems({
    400: ['malformed_request'],
    404: ['session_not_found'],
    422: ['validation_failed'],
    429: ['too_many_streams'],
    503: ['shutting_down'],
  })
  async follow(
    @Param() { session_id }: SessionPathDto,
    @Query() { after }: SessionEventsQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() response: Response,
  ): Promise<void> {
    const seq = toSeq(after, lastEventId);
    await this.reads.get(session_id);
    await this.streams.serveSession(response, { sessionId: session_id, after: seq });
  }
}
