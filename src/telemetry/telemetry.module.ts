import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Reader } from '../database/reader';
import { SessionModule } from '../session/session.module';
import { SwitchGatewayModule } from '../switch-gateway/switch-gateway.module';
import { AdjustmentApplyService } from './adjustment-apply.service';
import { AdjustmentController } from './adjustment.controller';
import { AdjustmentRepository } from './adjustment.repository';
import { AdjustmentService } from './adjustment.service';
import { EvidenceController } from './evidence.controller';
import { EvidenceRepository } from './evidence.repository';
import { EvidenceService } from './evidence.service';
import { MetricsController } from './metrics.controller';
import { OperatorOutbox } from './operator-outbox.entity';
import { OperatorSwitchAdjustment } from './operator-switch-adjustment.entity';
import { OperatorToolCall } from './operator-tool-call.entity';
import { FeedbackController } from './feedback.controller';
import { FeedbackCourier } from './feedback-courier';
import { FeedbackService } from './feedback.service';
import { OutboxRepository } from './outbox.repository';
import { OutboxService } from './outbox.service';
import { PiecewiseToolStats } from './piecewise-tool-stats';
import { PostgresToolStats } from './postgres-tool-stats.repository';
import { ToolCallController } from './tool-call.controller';
import { ToolCallForm } from './tool-call-form.interceptor';
import { ToolCallListRepository } from './tool-call-list.repository';
import { ToolCallListService } from './tool-call-list.service';
import { ToolCallRecordService } from './tool-call-record.service';
import { ToolCallRepository } from './tool-call.repository';
import { ToolCallService } from './tool-call.service';
import { ToolRunsRepository } from './tool-runs.repository';
import { TOOL_STATS, ToolStatsService } from './tool-stats.service';

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
  ],
  exports: [FeedbackService, ToolCallService],
})
export class TelemetryModule {}
