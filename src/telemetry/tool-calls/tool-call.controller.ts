import { Body, Controller, Get, HttpStatus, Inject, Post, Query, Res, UseInterceptors } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../common/errors/api-problems.decorator';
import { pageSize } from '../../common/http/page';
import { CONFIG, type Config } from '../../config/config';
import { ToolCallListQueryDto, ToolStatsQueryDto, toFilter, toRange } from './dto/tool-call-query.dto';
import { ToolCallRequestDto, toReport } from './dto/tool-call-request.dto';
import { ToolCallListResponseDto, ToolCallResponseDto } from './dto/tool-call-response.dto';
import { ToolStatsResponseDto } from './dto/tool-stats-response.dto';
import { fromToolCallCursor } from './tool-call-cursor';
import { ToolCallForm } from './tool-call-form.interceptor';
import { ToolCallListService } from './tool-call-list.service';
import { ToolCallRecordService } from './tool-call-record.service';
import { ToolStatsService } from './tool-stats.service';

const LIST_PAGE = 50;

@ApiTags('telemetry')
@Controller('operator/tool')
export class ToolCallController {
  constructor(
    private readonly records: ToolCallRecordService,
    private readonly lists: ToolCallListService,
    private readonly stats: ToolStatsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Records a tool call, or how one that was recorded as pending has ended. */
  @Post('call')
  @UseInterceptors(ToolCallForm)
  @ApiOperation({
    operationId: 'recordToolCall',
    description:
      'With a `call_id` a report can be repeated. A call that is pending becomes what the report says; one that has ' +
      'ended accepts the same report again and no other. The form of the original Operator is understood too: with ' +
      '`message_id` in the query, the scalars are read from there and the body, whole, is the result.',
  })
  @ApiCreatedResponse({ type: ToolCallResponseDto, description: 'A new call.' })
  @ApiOkResponse({ type: ToolCallResponseDto, description: 'The message knows a call of this `call_id` already.' })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['message_not_found'],
    409: ['tool_call_finished'],
    413: ['payload_too_large'],
    415: ['unsupported_media_type'],
    422: ['validation_failed'],
  })
  async record(
    @Body() request: ToolCallRequestDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ToolCallResponseDto> {
    const { call, isNew } = await this.records.record(toReport(request));
    response.status(isNew ? HttpStatus.CREATED : HttpStatus.OK);
    return ToolCallResponseDto.from(call);
  }

  /** Lists tool calls, the newest first. */
  @Get('calls')
  @ApiOperation({ operationId: 'listToolCalls' })
  @ApiProblems({ 422: ['validation_failed'] })
  async list(@Query() query: ToolCallListQueryDto): Promise<ToolCallListResponseDto> {
    const size = pageSize(query.limit, LIST_PAGE, this.config.limits.listPage);
    const page = await this.lists.list(toFilter(query), fromToolCallCursor(query.cursor), size);
    return ToolCallListResponseDto.from(page);
  }

  /** Shows how each tool is doing, over all time or a part of it. */
  @Get('stats')
  @ApiOperation({ operationId: 'getToolStats' })
  @ApiProblems({ 422: ['validation_failed'] })
  async statistics(@Query() query: ToolStatsQueryDto): Promise<ToolStatsResponseDto> {
    const range = toRange(query);
    return ToolStatsResponseDto.from(range, await this.stats.measure(range, query.tool_name));
  }
}
