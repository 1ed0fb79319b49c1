import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MessageRepository } from './message.repository';
import { MessageToolCallRepository } from './message-tool-call.repository';
import { MessageToolCallsService } from './message-tool-calls.service';
import { OperatorMessage } from './operator-message.entity';
import { OperatorSession } from './operator-session.entity';
import { SessionController } from './session.controller';
import { SessionEventsController } from './session-events.controller';
import { SessionReadService } from './session-read.service';
import { SessionRepository } from './session.repository';
import { SessionSearchService } from './session-search.service';
import { SessionTools } from './session.tools';
import { SessionService } from './session.service';

@Module({
  imports: [TypeOrmModule.forFeature([OperatorSession, OperatorMessage])],
  controllers: [SessionController, SessionEventsController],
  providers: [
    MessageRepository,
    MessageToolCallRepository,
    MessageToolCallsService,
    SessionReadService,
    SessionRepository,
    SessionSearchService,
    SessionService,
    SessionTools,
  ],
  exports: [SessionReadService, SessionService],
})
export class SessionModule {}
