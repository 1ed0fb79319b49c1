import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MessageRepository } from './message.repository';
import { MessageToolCallRepository } from './message-tool-call.repository';
import { MessageToolCallsService } from './message-tool-calls.service';
import { OperatorMessage } from './operator-message.entity';
import { OperatorSession } from './operator-session.entity';
import { SessionController } from './session.controller';
import { SessionReadService } from './session-read.service';
import { SessionRepository } from './session.repository';
import { SessionSearchService } from './session-search.service';
import { SessionService } from './session.service';

@Module({
  imports: [TypeOrmModule.forFeature([OperatorSession, OperatorMessage])],
  controllers: [SessionController],
  providers: [
    MessageRepository,
    MessageToolCallRepository,
    MessageToolCallsService,
    SessionReadService,
    SessionRepository,
    SessionSearchService,
    SessionService,
  ],
  exports: [SessionReadService, SessionService],
})
export class SessionModule {}
