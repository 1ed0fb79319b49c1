import {
  Body,
  Controller,
  Get,
  HttpCode,
  HttpStatus,
  Inject,
  Param,
  Post,
  Query,
  Res,
  type StreamableFile,
} from '@nestjs/common';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../common/errors/api-problems.decorator';
import { ClientSignal } from '../../common/http/client-signal.decorator';
import { IdempotencyKey } from '../../common/http/idempotency-key.decorator';
import { fromCursor, pageSize } from '../../common/http/page';
import { PreferWait } from '../../common/http/prefer-wait.decorator';
import { CONFIG, type Config } from '../../config/config';
import { handOut } from '../artifacts/hand-out';
import { BrowserTaskReadService } from './browser-task-read.service';
import { BrowserTaskService } from './browser-task.service';
import {
  BrowserTaskListQueryDto,
  BrowserTaskPathDto,
  BrowserTaskRequestDto,
  toCommand,
  toFilter,
} from './dto/browser-task-request.dto';
import {
  AcceptedBrowserTaskDto,
  BrowserTaskListResponseDto,
  BrowserTaskResponseDto,
  answerTo,
} from './dto/browser-task-response.dto';
import { limitsOf } from './task-limits';

const LIST_PAGE = 50;
const REPLAYED = {
  'Idempotency-Replayed': {
    description: '`true` if the same request was taken before: this is its task.',
    schema: { type: 'string' as const },
    example: 'true',
  },
};

@ApiTags('browser')
@Controller('operator/browser')
export class BrowserTaskController {
  constructor(
    private readonly tasks: BrowserTaskService,
    private readonly reads: BrowserTaskReadService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Has a page visited. What is accepted is stored, and will be run. */
  @Post('task')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({
    operationId: 'createBrowserTask',
    description:
      'Without `actions` the page is opened, and its title, text and picture are taken. A task that was cut off by a ' +
      'crash is run once more if it only reads; if it may have changed something it becomes `unknown_outcome`.',
  })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Makes a repeated request safe for 24 hours: the task of the first comes again, as it is now, with ' +
      '`Idempotency-Replayed: true`.',
    schema: { type: 'string', maxLength: 255 },
  })
  @ApiHeader({
    name: 'Prefer',
    required: false,
    description: '`wait=N` waits up to N seconds, 60 at most, for the end of the task, which then is the answer.',
    schema: { type: 'string' },
    example: 'wait=30',
  })
  @ApiAcceptedResponse({
    type: AcceptedBrowserTaskDto,
    description: 'It will be run; `Location` says how it is doing.',
    headers: REPLAYED,
  })
  @ApiOkResponse({
    type: BrowserTaskResponseDto,
    description: 'It has ended while the client waited.',
    headers: REPLAYED,
  })
  @ApiProblems({
    400: ['malformed_request'],
    403: ['url_not_allowed', 'script_not_allowed'],
    404: ['tool_call_not_found'],
    413: ['payload_too_large'],
    415: ['unsupported_media_type'],
    422: ['validation_failed', 'idempotency_key_reused'],
    429: ['queue_full'],
    503: ['browser_unavailable', 'shutting_down'],
  })
  async create(
    @Body() request: BrowserTaskRequestDto,
    @IdempotencyKey() key: string | undefined,
    @PreferWait() waitS: number | null,
    @ClientSignal() signal: AbortSignal,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AcceptedBrowserTaskDto> {
    const taken = await this.tasks.take(toCommand(request, limitsOf(this.config), key), waitS, signal);
    const { status, headers, body } = answerTo(taken, waitS);
    response.status(status).set(headers);
    return body;
  }

  /** Lists tasks, the newest first. */
  @Get('tasks')
  @ApiOperation({ operationId: 'listBrowserTasks' })
  @ApiProblems({ 422: ['validation_failed'] })
  async list(@Query() query: BrowserTaskListQueryDto): Promise<BrowserTaskListResponseDto> {
    const size = pageSize(query.limit, LIST_PAGE, this.config.limits.listPage);
    return BrowserTaskListResponseDto.from(await this.reads.list(toFilter(query), fromCursor(query.cursor), size));
  }

  /** Shows a task, and what it has found so far. */
  @Get('task/:task_id')
  @ApiOperation({ operationId: 'getBrowserTask' })
  @ApiProblems({ 400: ['malformed_request'], 404: ['browser_task_not_found'], 422: ['validation_failed'] })
  async get(@Param() { task_id }: BrowserTaskPathDto): Promise<BrowserTaskResponseDto> {
    const { task, artifacts } = await this.reads.get(task_id);
    return BrowserTaskResponseDto.of(task, artifacts);
  }

  /** Ends a task, or sees to it that it never begins. What it has found until then is kept. */
  @Post('task/:task_id/cancel')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ operationId: 'cancelBrowserTask' })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['browser_task_not_found'],
    409: ['browser_task_finished'],
    422: ['validation_failed'],
  })
  async cancel(@Param() { task_id }: BrowserTaskPathDto): Promise<BrowserTaskResponseDto> {
    const { task, artifacts } = await this.reads.withArtifacts(await this.tasks.cancel(task_id));
    return BrowserTaskResponseDto.of(task, artifacts);
  }

  /** Shows the picture that was taken of the page. */
  @Get('task/:task_id/snapshot')
  @ApiOperation({ operationId: 'getBrowserSnapshot' })
  @ApiOkResponse({
    description: 'The picture.',
    content: { 'image/png': { schema: { type: 'string', format: 'binary' }, example: '(bytes)' } },
  })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['browser_task_not_found', 'snapshot_not_found', 'artifact_not_found'],
    422: ['validation_failed'],
    500: ['artifact_damaged'],
  })
  async snapshot(
    @Param() { task_id }: BrowserTaskPathDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<StreamableFile> {
    return handOut(await this.reads.snapshot(task_id), response, 'inline');
  }
}
