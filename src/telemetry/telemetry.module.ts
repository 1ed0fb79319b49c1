import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionModule } from '../session/session.module';
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
import { SwitchGatewayModule } from '../switch-gateway/switch-gateway.module';
import { FeedbackController } from './feedback.controller';
import { FeedbackCourier } from './feedback-courier';
import { FeedbackService } from './feedback.service';
import { OutboxRepository } from './outbox.repository';
import { OutboxService } from './outbox.service';
import { ToolCallRepository } from './tool-call.repository';
import { ToolCallService } from './tool-call.service';

@Module({
  imports: [
    TypeOrmModule.forFeature([OperatorToolCall, OperatorSwitchAdjustment, OperatorOutbox]),
    SessionModule,
    SwitchGatewayModule,
  ],
  controllers: [AdjustmentController, EvidenceController, FeedbackController, MetricsController],
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
    ToolCallRepository,
    ToolCallService,
  ],
  exports: [FeedbackService, ToolCallService],
})
export class TelemetryModule {}
