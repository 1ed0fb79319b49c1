import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { BrowserModule } from './browser/browser.module';
import { ChatModule } from './chat/chat.module';
import { AuthGuard } from './common/auth/auth.guard';
import { AuthModule } from './common/auth/auth.module';
import { ProblemFilter } from './common/errors/problem.filter';
import { InputPipe } from './common/http/validation';
import { MetricsModule } from './common/metrics/metrics.module';
import { RateLimitGuard } from './common/rate-limit/rate-limit.guard';
import { RateLimitModule } from './common/rate-limit/rate-limit.module';
import { TracingModule } from './common/tracing/tracing.module';
import { ConfigModule } from './config/config.module';
import { DatabaseModule } from './database/database.module';
import { EventsModule } from './events/events.module';
import { HealthModule } from './health/health.module';
import { OverviewModule } from './overview/overview.module';
import { SessionModule } from './session/session.module';
import { SwitchGatewayModule } from './switch-gateway/switch-gateway.module';
import { TelemetryModule } from './telemetry/telemetry.module';
import { ToolsModule } from './tools/tools.module';

@Module({
  imports: [
    AuthModule,
    BrowserModule,
    ChatModule,
    ConfigModule,
    DatabaseModule,
    EventsModule,
    HealthModule,
    MetricsModule,
    OverviewModule,
    RateLimitModule,
    SessionModule,
    SwitchGatewayModule,
    TelemetryModule,
    ToolsModule,
    TracingModule,
  ],
  providers: [
    // In this order: who is refused for want of a token counts for nobody.
    { provide: APP_GUARD, useClass: AuthGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: InputPipe },
  ],
})
export class AppModule {}
