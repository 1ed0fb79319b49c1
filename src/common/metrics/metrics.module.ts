import { Global, Module } from '@nestjs/common';
import { measureEventLoop } from './event-loop-delay';
import { Metrics } from './metrics.service';

@Global()
@Module({ providers: [Metrics], exports: [Metrics] })
export class MetricsModule {
  constructor(metrics: Metrics) {
    if (metrics.isOn) measureEventLoop(metrics);
  }
}
