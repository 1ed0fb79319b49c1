import { Readable } from 'node:stream';
import { Controller, Delete, Get, HttpCode, HttpStatus, Inject, Param, Query, StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { fromCursor, pageSize } from '../common/http/page';
import { PageQueryDto } from '../common/http/page-query.dto';
import { CONFIG, type Config } from '../config/config';
import { SessionExportQueryDto, SessionListQueryDto, SessionPathDto } from './dto/session-query.dto';
import { SessionListResponseDto, SessionResponseDto } from './dto/session-response.dto';
import { exportSession } from './session-export';
import { SessionReadService } from './session-read.service';
import { SessionService } from './session.service';

const LIST_PAGE = 50;
const HISTORY_PAGE = 200;

const EXPORTED = {
  session_id: 'support-4711',
  user_id: 'local',
  created_at: '2026-11-23T09:30:00.000Z',
  updated_at: '2026-11-23T09:31:12.000Z',
  message_count: 0,
  messages: [],
};

@ApiTags('sessions')
@Controller('operator')
export class SessionController {
  constructor(
    private readonly sessions: SessionService,
    private readonly reads: SessionReadService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Lists sessions, the newest first. */
  @Get('sessions')
  @ApiOperation({ operationId: 'listSessions' })
  @ApiProblems({ 422: ['validation_failed'] })
  async list(@Query() { user_id, q, limit, cursor }: SessionListQueryDto): Promise<SessionListResponseDto> {
    const size = pageSize(limit, LIST_PAGE, this.config.limits.listPage);
    return SessionListResponseDto.from(await this.reads.list({ userId: user_id, text: q }, fromCursor(cursor), size));
  }

  /** Shows a session and a page of its messages. */
  @Get('session/:session_id')
  @ApiOperation({ operationId: 'getSession' })
  @ApiProblems({ 400: ['malformed_request'], 404: ['session_not_found'], 422: ['validation_failed'] })
  async get(
    @Param() { session_id }: SessionPathDto,
    @Query() { limit, cursor }: PageQueryDto,
  ): Promise<SessionResponseDto> {
    const size = pageSize(limit, HISTORY_PAGE, this.config.limits.historyPage);
    const { session, page } = await this.reads.open(session_id, fromCursor(cursor), size);
    return SessionResponseDto.of(session, page);
  }

  /** Hands out a whole session as one document. */
  @Get('session/:session_id/export')
  @ApiOperation({ operationId: 'exportSession' })
  @ApiOkResponse({
    description: 'The document, as an attachment.',
    content: {
      'application/json': { schema: { type: 'object' }, example: EXPORTED },
      'text/markdown': { schema: { type: 'string' }, example: '# Session support-4711\n…' },
    },
  })
  @ApiProblems({ 400: ['malformed_request'], 404: ['session_not_found'], 422: ['validation_failed'] })
  async export(
    @Param() { session_id }: SessionPathDto,
    @Query() { format = 'json' }: SessionExportQueryDto,
  ): Promise<StreamableFile> {
    const session = await this.reads.get(session_id);
    const document = Readable.from(exportSession(format, session, this.reads.everyMessage(session_id)));
    const name = `session-${session_id.replace(/[^A-Za-z0-9._-]/g, '_')}`;
    return new StreamableFile(
      document,
      format === 'json'
        ? { type: 'application/json; charset=utf-8', disposition: `attachment; filename="${name}.json"` }
        : { type: 'text/markdown; charset=utf-8', disposition: `attachment; filename="${name}.md"` },
    );
  }

  /** Erases a session and everything that hangs on it, for good. */
  @Delete('session/:session_id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({ operationId: 'eraseSession' })
  @ApiProblems({ 400: ['malformed_request'], 404: ['session_not_found'], 422: ['validation_failed'] })
  async erase(@Param() { session_id }: SessionPathDto): Promise<void> {
    await this.sessions.erase(session_id);
  }
}
