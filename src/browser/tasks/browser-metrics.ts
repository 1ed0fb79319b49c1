import { Injectable } from '@nestjs/common';
import { Metrics } from '../../common/metrics/metrics.service';
import type { EgressReport } from '../egress/egress-account';
import { BrowserEngine } from '../engine/browser-engine.types';
import type { BrowserTaskStatus } from './browser-task.types';

const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** What is counted of browser tasks, for `/metrics` and for the status. */
@Injectable()
export class BrowserMetrics {
  readonly endedBy: Partial<Record<BrowserTaskStatus, number>> = {};
  rejectedCount = 0;
  private waiting = 0;
  private running: () => number = () => 0;
  private readonly tasks: (labels: { status: string }) => void;
  private readonly seconds: (labels: { status: string }, seconds: number) => void;
  private readonly refused: (labels: { reason: string }, by: number) => void;
  private readonly bytes: (labels: object, by: number) => void;
  private readonly rejections: (labels: object) => void;

  constructor(metrics: Metrics, engine: BrowserEngine) {
    this.tasks = metrics.counter({
      name: 'operator_browser_tasks_total',
      help: 'Browser tasks that have ended, by how.',
      labelNames: ['status'],
    });
    this.seconds = metrics.histogram({
      name: 'operator_browser_task_duration_seconds',
      help: 'How long their last attempt ran.',
      labelNames: ['status'],
      buckets: BUCKETS,
    });
    this.refused = metrics.counter({
      name: 'operator_browser_egress_refused_total',
      help: 'Requests of pages that the guard refused, by why.',
      labelNames: ['reason'],
    });
    this.bytes = metrics.counter({
      name: 'operator_browser_egress_bytes_total',
      help: 'Bytes that pages sent and received.',
    });
    this.rejections = metrics.counter({
      name: 'operator_browser_tasks_rejected_total',
      help: 'Browser tasks that were not taken, since too many waited.',
    });
    const gauge = (name: `operator_${string}`, help: string, read: () => number) =>
      metrics.gauge({ name, help }, () => [{ value: read() }]);
    gauge('operator_browser_tasks_running', 'Browser tasks that run.', () => this.running());
    gauge('operator_browser_tasks_waiting', 'Browser tasks that wait, as last seen.', () => this.waiting);
    gauge('operator_browser_processes', 'Browsers that are there.', () => engine.status().browsers.length);
    gauge('operator_browser_memory_bytes', 'Memory of the browsers, all their processes.', () =>
      engine.status().browsers.reduce((sum, { memoryBytes }) => sum + (memoryBytes ?? 0), 0),
    );
  }

  /** From then on tasks that run are asked for here. */
  runs(count: () => number): void {
    this.running = count;
  }

  waits(count: number): void {
    this.waiting = count;
  }

  waitsNoMore(): void {
    this.waiting = Math.max(0, this.waiting - 1);
  }

  rejected(): void {
    this.rejectedCount++;
    this.rejections({});
  }

  ended(status: BrowserTaskStatus, tookMs: number | null): void {
    this.endedBy[status] = (this.endedBy[status] ?? 0) + 1;
    this.tasks({ status });
    if (tookMs !== null) this.seconds({ status }, tookMs / 1_000);
  }

  /** What has left, and what was not let out. */
  left({ bytes, refused }: EgressReport): void {
    this.bytes({}, bytes);
    for (const [reason, count] of Object.entries(refused)) this.refused({ reason }, count);
  }
}
