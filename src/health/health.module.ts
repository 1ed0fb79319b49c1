import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { BrowserModule } from '../browser/browser.module';
import { SwitchGatewayModule } from '../switch-gateway/switch-gateway.module';
import { UpstreamModule } from '../upstream/upstream.module';
import { HealthController } from './health.controller';
import { HealthIndicators } from './health.indicators';

@Module({
  // `HealthFilter` logs what is down, in one line like all others.
  imports: [TerminusModule.forRoot({ logger: false }), BrowserModule, SwitchGatewayModule, UpstreamModule],
  controllers: [HealthController],
  providers: [HealthIndicators],
})
export class HealthModule {}
