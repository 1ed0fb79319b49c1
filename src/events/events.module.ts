import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EventLogService } from './event-log.service';
import { OperatorEvent } from './operator-event.entity';

@Global()
@Module({
  imports: [TypeOrmModule.forFeature([OperatorEvent])],
  providers: [EventLogService],
  exports: [EventLogService],
})
export class EventsModule {}
