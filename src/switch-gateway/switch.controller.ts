import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { SwitchModelsResponseDto, SwitchQueueResponseDto } from './dto/switch-response.dto';
import { SwitchStatusService } from './switch-status.service';

const PROBLEMS = {
  502: ['switch_bad_reply', 'switch_error', 'switch_auth_failed'],
  503: ['switch_unavailable', 'switch_throttled'],
  504: ['switch_timeout'],
};

@ApiTags('switch')
@Controller('operator/switch')
export class SwitchController {
  constructor(private readonly status: SwitchStatusService) {}

  /** Shows what waits in Switch's queue, and takes nothing out of it. */
  @Get('queue')
  @ApiOperation({ operationId: 'getSwitchQueue' })
  @ApiProblems(PROBLEMS)
  async queue(): Promise<SwitchQueueResponseDto> {
    return SwitchQueueResponseDto.from(this.status.engine, await this.status.queue());
  }

  /** Lists the models that Switch can use. */
  @Get('models')
  @ApiOperation({ operationId: 'getSwitchModels' })
  @ApiProblems(PROBLEMS)
  async models(): Promise<SwitchModelsResponseDto> {
    return SwitchModelsResponseDto.from(this.status.engine, await this.status.models());
  }
}
