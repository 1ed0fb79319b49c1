import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../common/errors/api-problems.decorator';
import { EvidencePathDto, toAddress } from './dto/evidence-path.dto';
import { EvidenceResponseDto } from './dto/evidence-response.dto';
import { EvidenceService } from './evidence.service';

@ApiTags('telemetry')
@Controller('operator')
export class EvidenceController {
  constructor(private readonly evidence: EvidenceService) {}

  /** Shows the chain around a record in both directions: what it belongs to, and what came of it. */
  @Get('evidence/:kind/:id')
  @ApiOperation({ operationId: 'getEvidence' })
  @ApiProblems({
    400: ['malformed_request'],
    404: [
      'session_not_found',
      'turn_not_found',
      'message_not_found',
      'tool_call_not_found',
      'browser_task_not_found',
      'adjustment_not_found',
    ],
    422: ['validation_failed'],
  })
  async get(@Param() path: EvidencePathDto): Promise<EvidenceResponseDto> {
    const address = toAddress(path);
    return EvidenceResponseDto.of(address, await this.evidence.around(address));
  }
}
