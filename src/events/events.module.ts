import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventController } from './event.controller';
import { EventFeed } from './event-feed';
import { EventHub } from './event-hub';
import { EventLogService } from './event-log.service';
import { EventRepository } from './event.repository';
import { EventStreamService } from './event-stream.service';
import { OperatorEvent } from './operator-event.entity';

@Global()
@Module({
  imports: [TypeOrmModule.forFeature([OperatorEvent])],
  controllers: [EventController],
  providers: [EventFeed, EventHub, EventLogService, EventRepository, EventStreamService],
  exports: [EventHub, EventLogService, EventStreamService],
})
export class EventsModule {}
