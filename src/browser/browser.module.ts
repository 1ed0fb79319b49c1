import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CONFIG, type Config } from '../config/config';
import { SessionModule } from '../session/session.module';
import { ArtifactController } from './artifacts/artifact.controller';
import { ArtifactRepository } from './artifacts/artifact.repository';
import { ArtifactService } from './artifacts/artifact.service';
import { ArtifactStore } from './artifacts/artifact-store';
import { OperatorArtifact } from './artifacts/operator-artifact.entity';
import { lookUp } from './egress/dial';
import { EGRESS_RESOLVER, EgressService } from './egress/egress.service';
import { BrowserEngine } from './engine/browser-engine.types';
import { StubEngine } from './engine/stub.engine';
import { PlaywrightEngine, WORKER_PROGRAM } from './playwright/playwright.engine';
import { BrowserTools } from './tools/browser.tools';
import { BrowserDispatcher } from './tasks/browser-dispatcher';
import { BrowserMetrics } from './tasks/browser-metrics';
import { BrowserStatusController } from './tasks/browser-status.controller';
import { BrowserStatusService } from './tasks/browser-status.service';
import { BrowserTaskController } from './tasks/browser-task.controller';
import { BrowserTaskReadService } from './tasks/browser-task-read.service';
import { BrowserTaskRepository } from './tasks/browser-task.repository';
import { BrowserTaskRunner } from './tasks/browser-task.runner';
import { BrowserTaskService } from './tasks/browser-task.service';
import { OperatorBrowserTask } from './tasks/operator-browser-task.entity';
import { TaskWaiters } from './tasks/task-waiters';

@Module({
  imports: [TypeOrmModule.forFeature([OperatorArtifact, OperatorBrowserTask]), SessionModule],
  controllers: [ArtifactController, BrowserStatusController, BrowserTaskController],
  providers: [
    ArtifactRepository,
    ArtifactService,
    ArtifactStore,
    BrowserDispatcher,
    BrowserMetrics,
    BrowserStatusService,
    BrowserTaskReadService,
    BrowserTaskRepository,
    BrowserTaskRunner,
    BrowserTaskService,
    BrowserTools,
    EgressService,
    PlaywrightEngine,
    StubEngine,
    TaskWaiters,
    { provide: EGRESS_RESOLVER, useValue: lookUp },
    { provide: WORKER_PROGRAM, useValue: join(__dirname, 'playwright/worker.js') },
    {
      provide: BrowserEngine,
      inject: [CONFIG, PlaywrightEngine, StubEngine],
      useFactory: ({ browser }: Config, playwright: PlaywrightEngine, stub: StubEngine): BrowserEngine =>
        browser.engine === 'stub' ? stub : playwright,
    },
  ],
  exports: [BrowserStatusService],
})
export class BrowserModule {}
