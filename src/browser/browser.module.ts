import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { EgressService } from './egress/egress.service';
import { OperatorBrowserTask } from './operator-browser-task.entity';

@Module({ imports: [TypeOrmModule.forFeature([OperatorBrowserTask])], providers: [EgressService] })
export class BrowserModule {}
