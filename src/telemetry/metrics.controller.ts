import { Controller, Get, Header, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../common/auth/public.decorator';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { Metrics } from '../common/metrics/metrics.service';
import { MetricsGuard } from './metrics.guard';

const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';

/** Public as far as the global guard is concerned: `METRICS` decides. */
@Public()
@UseGuards(MetricsGuard)
@ApiTags('metrics')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  /** Figures for Prometheus. Whether they want a token is the setting `METRICS`; by default not on a loopback address. */
  @Get()
  @Header('Content-Type', EXPOSITION)
  @ApiOperation({ operationId: 'metrics' })
  @ApiOkResponse({
    description: 'The figures, in Prometheus’ text format.',
    content: {
      'text/plain': {
        schema: { type: 'string' },
        example: 'operator_turns_total{outcome="succeeded",engine="general-7b",error=""} 42\n',
      },
    },
  })
  @ApiProblems({ 404: ['not_found'] })
  get(): Promise<string> {
    return this.metrics.exposition();
  }
}
