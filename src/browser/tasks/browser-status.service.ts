import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config';
import { ArtifactService } from '../artifacts/artifact.service';
import { BrowserEngine, type EngineStatus } from '../engine/browser-engine.types';
import { BrowserDispatcher } from './browser-dispatcher';
import { BrowserMetrics } from './browser-metrics';
import { BrowserTaskRepository } from './browser-task.repository';
import type { BrowserTaskStatus, TaskLimits } from './browser-task.types';
import { limitsOf } from './task-limits';

/** The resource monitor: what is at work, what it takes, and what has become of it since the start. */
export interface BrowserOverview extends EngineStatus {
  engine: string;
  /** Why no task can be run; null when they can. */
  unavailable: string | null;
  running: number;
  queued: number;
  rejected: number;
  ended: Partial<Record<BrowserTaskStatus, number>>;
  artifactBytes: number;
  limits: TaskLimits & {
    concurrency: number;
    queue: number;
    memoryBytes: number;
    recycleTasks: number;
    artifactBytes: number;
  };
}

@Injectable()
export class BrowserStatusService {
  constructor(
    private readonly engine: BrowserEngine,
    private readonly dispatcher: BrowserDispatcher,
    private readonly tasks: BrowserTaskRepository,
    private readonly artifacts: ArtifactService,
    private readonly metrics: BrowserMetrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Without a look at the database: for probes. */
  glance(): Pick<BrowserOverview, 'engine' | 'unavailable' | 'running'> {
    return { engine: this.engine.name, unavailable: this.engine.unavailable(), running: this.dispatcher.runningCount };
  }

  async read(): Promise<BrowserOverview> {
    const { concurrency, queue, memoryMaxBytes, recycleTasks } = this.config.browser;
    return {
      ...this.glance(),
      ...this.engine.status(),
      queued: await this.tasks.countWaiting(),
      rejected: this.metrics.rejectedCount,
      ended: this.metrics.endedBy,
      artifactBytes: this.artifacts.bytesKept,
      limits: {
        ...limitsOf(this.config),
        concurrency,
        queue,
        memoryBytes: memoryMaxBytes,
        recycleTasks,
        artifactBytes: this.config.artifacts.quotaBytes,
      },
    };
  }
}
