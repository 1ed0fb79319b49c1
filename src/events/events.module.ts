import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { StreamTokens } from '../common/auth/stream-tokens';
import { EventController } from './event.controller';
import { EventFeed } from './event-feed';
import { EventHub } from './event-hub';
import { EventLogService } from './event-log.service';
import { EventRepository } from './event.repository';
import { EventStreamService } from './event-stream.service';
import { OperatorEvent } from './operator-event.entity';
import { OperatorStreamToken } from './operator-stream-token.entity';
import { StreamTokenService } from './stream-token.service';

@Global()
@Module({
  imports: [TypeOrmModule.forFeature([OperatorEvent, OperatorStreamToken])],
  controllers: [EventController],
  providers: [
    EventFeed,
    EventHub,
    EventLogService,
    EventRepository,
    EventStreamService,
    StreamTokenService,
    { provide: StreamTokens, useExisting: StreamTokenService },
  ],
  exports: [EventHub, EventLogService, EventStreamService, StreamTokens],
})
export class EventsModule {}
