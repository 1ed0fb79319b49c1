import { Inject, Injectable } from '@nestjs/common';
import { SpanKind, type SpanOptions } from '@opentelemetry/api';
import { Metrics } from '../common/metrics/metrics.service';
import { Tracing } from '../common/tracing/tracing.service';
import { CONFIG, type Config } from '../config/config';
import { sqliteFile } from './data-source-options';

/** Much of it is quicker than what else is measured. */
const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Measures what the database takes, whichever it is: a span and a few durations for each unit of work and each read. */
@Injectable()
export class DatabaseObserver {
  private readonly unitSeconds: (labels: { part: 'wait' | 'work' | 'commit' }, seconds: number) => void;
  private readonly readSeconds: (labels: object, seconds: number) => void;
  private readonly unitSpan: SpanOptions;
  private readonly readSpan: SpanOptions;

  constructor(
    metrics: Metrics,
    private readonly tracing: Tracing,
    @Inject(CONFIG) { database }: Config,
  ) {
    this.unitSeconds = metrics.histogram({
      name: 'operator_database_unit_of_work_duration_seconds',
      help: 'Units of work: waiting for their turn, working, and being committed.',
      labelNames: ['part'],
      buckets: BUCKETS,
    });
    this.readSeconds = metrics.histogram({
      name: 'operator_database_read_duration_seconds',
      help: 'Reads outside of units of work.',
      buckets: BUCKETS,
    });
    const system = sqliteFile(database.url) ? 'sqlite' : 'postgresql';
    const span = (operation: string): SpanOptions => ({
      kind: SpanKind.CLIENT,
      attributes: { 'db.system.name': system, 'db.operation.name': operation },
    });
    this.unitSpan = span('transaction');
    this.readSpan = span('read');
  }

  unit<T>(work: () => Promise<T>, transact: (work: () => Promise<T>) => Promise<T>): Promise<T> {
    return this.tracing.part('transaction', this.unitSpan, async () => {
      const queuedAt = performance.now();
      let begunAt = 0;
      let workedAt = 0;
      try {
        return await transact(async () => {
          // A database may have it done over again.
          begunAt ||= performance.now();
          try {
            return await work();
          } finally {
            workedAt = performance.now();
          }
        });
      } finally {
        const endedAt = performance.now();
        this.unitSeconds({ part: 'wait' }, ((begunAt || endedAt) - queuedAt) / 1_000);
        if (begunAt) {
          this.unitSeconds({ part: 'work' }, (workedAt - begunAt) / 1_000);
          this.unitSeconds({ part: 'commit' }, (endedAt - workedAt) / 1_000);
        }
      }
    });
  }

  read<T>(read: () => Promise<T>): Promise<T> {
    return this.tracing.part('read', this.readSpan, async () => {
      const startedAt = performance.now();
      try {
        return await read();
      } finally {
        this.readSeconds({}, (performance.now() - startedAt) / 1_000);
      }
    });
  }
}
