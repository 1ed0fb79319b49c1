import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { OperatorBrowserTask } from './operator-browser-task.entity';

@Module({ imports: [TypeOrmModule.forFeature([OperatorBrowserTask])] })
export class BrowserModule {}
