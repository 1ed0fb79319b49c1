import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OperatorOutbox } from './operator-outbox.entity';
import { OperatorSwitchAdjustment } from './operator-switch-adjustment.entity';
import { OperatorToolCall } from './operator-tool-call.entity';
import { ToolCallRepository } from './tool-call.repository';
import { ToolCallService } from './tool-call.service';

@Module({
  imports: [TypeOrmModule.forFeature([OperatorToolCall, OperatorSwitchAdjustment, OperatorOutbox])],
  providers: [ToolCallRepository, ToolCallService],
  exports: [ToolCallService],
})
export class TelemetryModule {}
