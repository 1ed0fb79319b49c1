import { Body, Controller, Get, HttpCode, HttpStatus, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../common/errors/api-problems.decorator';
import { IdempotencyKey } from '../../common/http/idempotency-key.decorator';
import { fromCursor, pageSize } from '../../common/http/page';
import { QueryForm } from '../../common/http/query-form.decorator';
import { CONFIG, type Config } from '../../config/config';
import { AdjustmentApplyService } from './adjustment-apply.service';
import { AdjustmentService } from './adjustment.service';
import {
  AdjustmentListQueryDto,
  AdjustmentPathDto,
  AdjustmentRequestDto,
  toCommand,
} from './dto/adjustment-request.dto';
import { AdjustmentListResponseDto, AdjustmentResponseDto, RecordedAdjustmentDto } from './dto/adjustment-response.dto';

const LIST_PAGE = 50;

@ApiTags('telemetry')
@Controller('operator/switch')
export class AdjustmentController {
  constructor(
    private readonly adjustments: AdjustmentService,
    private readonly applying: AdjustmentApplyService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Records what somebody wants changed in the router, and why. Nothing is applied by that. */
  @Post('adjustment')
  @ApiOperation({ operationId: 'recordAdjustment' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'Makes a repeated request safe for 24 hours: the first answer comes again, with `Idempotency-Replayed: true`.',
    schema: { type: 'string', maxLength: 255 },
  })
  @QueryForm({ session_id: 'text', message_id: 'id', reason: 'text' })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['session_not_found', 'message_not_found'],
    413: ['payload_too_large'],
    415: ['unsupported_media_type'],
    422: ['validation_failed', 'idempotency_key_reused'],
  })
  async record(
    @Body() request: AdjustmentRequestDto,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<RecordedAdjustmentDto> {
    const { adjustment, isReplay } = await this.adjustments.record(toCommand(request, key));
    response.set('Location', `/operator/switch/adjustment/${adjustment.id}`);
    if (isReplay) response.set('Idempotency-Replayed', 'true');
    return RecordedAdjustmentDto.from(adjustment);
  }

  /** Lists adjustments, the newest first. */
  @Get('adjustments')
  @ApiOperation({ operationId: 'listAdjustments' })
  @ApiProblems({ 422: ['validation_failed'] })
  async list(
    @Query() { session_id, message_id, applied, limit, cursor }: AdjustmentListQueryDto,
  ): Promise<AdjustmentListResponseDto> {
    const size = pageSize(limit, LIST_PAGE, this.config.limits.listPage);
    const filter = { sessionId: session_id, messageId: message_id, applied };
    return AdjustmentListResponseDto.from(await this.adjustments.list(filter, fromCursor(cursor), size));
  }

  /** Shows an adjustment, and whether it has been applied. */
  @Get('adjustment/:adjustment_id')
  @ApiOperation({ operationId: 'getAdjustment' })
  @ApiProblems({ 400: ['malformed_request'], 404: ['adjustment_not_found'], 422: ['validation_failed'] })
  async get(@Param() { adjustment_id }: AdjustmentPathDto): Promise<AdjustmentResponseDto> {
    return AdjustmentResponseDto.from(await this.adjustments.get(adjustment_id));
  }

  /** Tells Switch `default_model` and `preload_model` of an adjustment, in this order. Once: a second time is refused. */
  @Post('adjustment/:adjustment_id/apply')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ operationId: 'applyAdjustment' })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['adjustment_not_found'],
    409: ['adjustment_applied', 'adjustment_in_progress'],
    422: ['validation_failed', 'adjustment_not_applicable', 'model_not_found'],
    502: ['switch_unsupported', 'switch_bad_reply', 'switch_error', 'switch_auth_failed'],
    503: ['switch_unavailable', 'switch_throttled'],
    504: ['switch_timeout'],
  })
  async apply(@Param() { adjustment_id }: AdjustmentPathDto): Promise<AdjustmentResponseDto> {
    return AdjustmentResponseDto.from(await this.applying.apply(adjustment_id));
  }
}
