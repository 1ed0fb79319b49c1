import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Reader } from '../database/reader';
import { SessionModule } from '../session/session.module';
import { SwitchGatewayModule } from '../switch-gateway/switch-gateway.module';
import { AdjustmentApplyService } from './adjustments/adjustment-apply.service';
import { AdjustmentController } from './adjustments/adjustment.controller';
import { AdjustmentRepository } from './adjustments/adjustment.repository';
import { AdjustmentService } from './adjustments/adjustment.service';
import { EvidenceController } from './evidence/evidence.controller';
import { EvidenceRepository } from './evidence/evidence.repository';
import { EvidenceService } from './evidence/evidence.service';
import { MetricsController } from './metrics.controller';
import { OperatorOutbox } from './feedback/operator-outbox.entity';
import { OperatorSwitchAdjustment } from './adjustments/operator-switch-adjustment.entity';
import { OperatorToolCall } from './tool-calls/operator-tool-call.entity';
import { FeedbackController } from './feedback/feedback.controller';
import { FeedbackCourier } from './feedback/feedback-courier';
import { FeedbackService } from './feedback/feedback.service';
import { OutboxRepository } from './feedback/outbox.repository';
import { OutboxService } from './feedback/outbox.service';
import { PiecewiseToolStats } from './tool-calls/piecewise-tool-stats';
import { PostgresToolStats } from './tool-calls/postgres-tool-stats.repository';
import { ToolCallController } from './tool-calls/tool-call.controller';
import { ToolCallForm } from './tool-calls/tool-call-form.interceptor';
import { ToolCallListRepository } from './tool-calls/tool-call-list.repository';
import { ToolCallListService } from './tool-calls/tool-call-list.service';
import { ToolCallRecordService } from './tool-calls/tool-call-record.service';
import { ToolCallRepository } from './tool-calls/tool-call.repository';
import { ToolCallService } from './tool-calls/tool-call.service';
import { ToolRunsRepository } from './tool-calls/tool-runs.repository';
import { TOOL_STATS, ToolStatsService } from './tool-calls/tool-stats.service';
import { TurnToolCallRepository } from './tool-calls/turn-tool-call.repository';

@Module({
  imports: [
    TypeOrmModule.forFeature([OperatorToolCall, OperatorSwitchAdjustment, OperatorOutbox]),
    SessionModule,
    SwitchGatewayModule,
  ],
  controllers: [AdjustmentController, EvidenceController, FeedbackController, MetricsController, ToolCallController],
  providers: [
    AdjustmentApplyService,
    AdjustmentRepository,
    AdjustmentService,
    EvidenceRepository,
    EvidenceService,
    FeedbackCourier,
    FeedbackService,
    OutboxRepository,
    OutboxService,
    PiecewiseToolStats,
    PostgresToolStats,
    ToolCallForm,
    ToolCallListRepository,
    ToolCallListService,
    ToolCallRecordService,
    ToolCallRepository,
    ToolCallService,
    ToolRunsRepository,
    {
      provide: TOOL_STATS,
      inject: [Reader, PiecewiseToolStats, PostgresToolStats],
      useFactory: ({ isPostgres }: Reader, sqlite: PiecewiseToolStats, postgres: PostgresToolStats) =>
        isPostgres ? postgres : sqlite,
    },
    ToolStatsService,
    TurnToolCallRepository,
  ],
  exports: [FeedbackService, ToolCallService],
})
export class TelemetryModule {}
