import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionModule } from '../session/session.module';
import { SwitchGatewayModule } from '../switch-gateway/switch-gateway.module';
import { TelemetryModule } from '../telemetry/telemetry.module';
import { ChatController } from './chat.controller';
import { ChatSpan } from './chat-span';
import { ChatService } from './chat.service';
import { HistoryCommand } from './history.command';
import { OperatorTurn } from './operator-turn.entity';
import { TurnController } from './turn.controller';
import { TurnLeases } from './turn-leases';
import { TurnMetrics } from './turn-metrics';
import { TurnQueue } from './turn-queue';
import { TurnRecoveryService } from './turn-recovery.service';
import { TurnRepository } from './turn.repository';
import { TurnService } from './turn.service';
import { TurnsInFlight } from './turns-in-flight';

@Module({
  imports: [TypeOrmModule.forFeature([OperatorTurn]), SessionModule, SwitchGatewayModule, TelemetryModule],
  controllers: [ChatController, TurnController],
  providers: [
    ChatService,
    ChatSpan,
    HistoryCommand,
    TurnLeases,
    TurnMetrics,
    TurnQueue,
    TurnRecoveryService,
    TurnRepository,
    TurnService,
    TurnsInFlight,
  ],
})
export class ChatModule {}
