import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionModule } from '../session/session.module';
import { SwitchGatewayModule } from '../switch-gateway/switch-gateway.module';
import { TelemetryModule } from '../telemetry/telemetry.module';
import { ChatController } from './chat.controller';
import { ChatStreamService } from './chat-stream.service';
import { ChatSpan } from './chat-span';
import { ChatService } from './chat.service';
import { ChatSocketGateway } from './socket/chat-socket.gateway';
import { HistoryTool } from './history.tool';
import { OperatorTurn } from './operator-turn.entity';
import { ApprovalController } from './tools/approval.controller';
import { ApprovalService } from './tools/approval.service';
import { ToolRunner } from './tools/tool-runner';
import { TurnController } from './turn.controller';
import { TurnLeases } from './turn-leases';
import { TurnMetrics } from './turn-metrics';
import { TurnOutcomeService } from './turn-outcome.service';
import { TurnQueue } from './turn-queue';
import { TurnRecoveryService } from './turn-recovery.service';
import { TurnRepository } from './turn.repository';
import { TurnRunner } from './turn-runner';
import { TurnService } from './turn.service';
import { TurnsInFlight } from './turns-in-flight';

@Module({
  imports: [TypeOrmModule.forFeature([OperatorTurn]), SessionModule, SwitchGatewayModule, TelemetryModule],
  controllers: [ApprovalController, ChatController, TurnController],
  providers: [
    ApprovalService,
    ChatService,
    ChatSocketGateway,
    ChatSpan,
    ChatStreamService,
    HistoryTool,
    ToolRunner,
    TurnLeases,
    TurnMetrics,
    TurnOutcomeService,
    TurnQueue,
    TurnRecoveryService,
    TurnRepository,
    TurnRunner,
    TurnService,
    TurnsInFlight,
  ],
})
export class ChatModule {}
