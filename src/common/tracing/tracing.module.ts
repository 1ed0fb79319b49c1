import { Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config';
import { Metrics } from '../metrics/metrics.service';
import { Tracing } from './tracing.service';

@Global()
@Module({
  providers: [
    {
      provide: Tracing,
      inject: [CONFIG, Metrics],
      useFactory: ({ traces }: Config, metrics: Metrics): Tracing => {
        if (!traces.endpoint) return new Tracing(null);
        // The SDK is loaded for those who want traces only.
        const { startTraces } = require('./otlp') as typeof import('./otlp');
        return new Tracing(startTraces(traces, metrics));
      },
    },
  ],
  exports: [Tracing],
})
export class TracingModule {}
