import { Body, Controller, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../common/errors/api-problems.decorator';
import { DecisionRequestDto, DecisionResponseDto, ToolCallPathDto } from '../dto/approval.dto';
import { ApprovalService } from './approval.service';

const PROBLEMS = {
  400: ['malformed_request'],
  404: ['tool_call_not_found'],
  409: ['tool_call_decided', 'arguments_mismatch', 'approval_expired', 'turn_finished'],
  413: ['payload_too_large'],
  415: ['unsupported_media_type'],
  422: ['validation_failed'],
};

@ApiTags('chat')
@Controller('operator/tool/call')
export class ApprovalController {
  constructor(private readonly approvals: ApprovalService) {}

  /** Agrees to a tool call, with exactly these arguments. Its turn goes on when all its calls are decided. */
  @Post(':tool_call_id/approve')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ operationId: 'approveToolCall' })
  @ApiProblems(PROBLEMS)
  async approve(
    @Param() { tool_call_id }: ToolCallPathDto,
    @Body() { arguments_hash }: DecisionRequestDto,
  ): Promise<DecisionResponseDto> {
    return DecisionResponseDto.from(await this.approvals.decide(tool_call_id, 'approved', arguments_hash));
  }

  /** Refuses a tool call: it is not run, and the engine is told so. */
  @Post(':tool_call_id/reject')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ operationId: 'rejectToolCall' })
  @ApiProblems(PROBLEMS)
  async reject(
    @Param() { tool_call_id }: ToolCallPathDto,
    @Body() { arguments_hash }: DecisionRequestDto,
  ): Promise<DecisionResponseDto> {
    return DecisionResponseDto.from(await this.approvals.decide(tool_call_id, 'rejected', arguments_hash));
  }
}
