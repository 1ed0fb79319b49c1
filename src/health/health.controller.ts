import { Controller, Get, UseFilters } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { Public } from '../common/auth/public.decorator';
import { VERSION } from '../common/version';
import { HealthDto, LivenessDto, ReadinessDto } from './dto/health-response.dto';
import { HealthFilter } from './health.filter';
import { HealthIndicators } from './health.indicators';

@Public()
@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicators,
  ) {}

  /** Says that Operator is there, as the original did. Asks nobody. */
  @Get()
  @ApiOperation({ operationId: 'health', security: [] })
  get(): HealthDto {
    return { status: 'ok', module: 'operator', version: VERSION };
  }

  /** Says that the process can answer. Asks nobody; restart it when it fails. */
  @Get('live')
  @ApiOperation({ operationId: 'healthLive', security: [] })
  live(): LivenessDto {
    return { status: 'ok' };
  }

  /** Says whether requests can be served now. An engine that is down makes it `degraded`, not unready. */
  @Get('ready')
  @UseFilters(HealthFilter)
  @ApiOperation({ operationId: 'healthReady', security: [] })
  @ApiOkResponse({ type: ReadinessDto, description: 'Ready, perhaps `degraded`.' })
  @ApiServiceUnavailableResponse({ type: ReadinessDto, description: 'Not ready, or shutting down.' })
  ready(): Promise<HealthCheckResult> {
    return this.health.check(this.indicators.all());
  }
}
