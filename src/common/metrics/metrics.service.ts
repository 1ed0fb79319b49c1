import { Inject, Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { CONFIG, type Config } from '../../config/config';

/** From a local call to one that runs into a deadline, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * Of prom-client's own: gauges that are named like counters, lists that are made anew for every scrape, a delay of the
 * event loop that has its sampling interval in it, and what only those want to know who work on V8.
 */
const UNWANTED = /^nodejs_(active_(handles|requests|resources)(_total)?|eventloop_lag_.*|heap_space_.*)$/;
const NEVER_MS = 2 ** 31 - 1;

interface Named<Label extends string> {
  name: `operator_${string}`;
  help: string;
  labelNames?: readonly Label[];
}
type Labels<Label extends string> = Partial<Record<Label, string | number>>;

/**
 * Hands out the instruments that modules measure with, each defined where it is used, and gathers them for
 * `GET /metrics`. With `METRICS=off` they measure nothing, at no cost.
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();
  readonly isOn: boolean;

  constructor(@Inject(CONFIG) { metrics }: Config) {
    this.isOn = metrics !== 'off';
    if (!this.isOn) return;
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: NEVER_MS });
    for (const { name } of this.registry.getMetricsAsArray()) {
      if (UNWANTED.test(name)) this.registry.removeSingleMetric(name);
    }
  }

  /** All that is known now, as Prometheus reads it. */
  exposition(): Promise<string> {
    return this.registry.metrics();
  }

  /** Counts what happens. */
  counter<Label extends string>(named: Named<Label>): (labels: Labels<Label>, by?: number) => void {
    if (!this.isOn) return () => undefined;
    const counter = new Counter({ labelNames: [], ...named, registers: [this.registry] });
    return (labels, by = 1) => counter.inc(labels, by);
  }

  /** Measures durations, in seconds. */
  histogram<Label extends string>(
    named: Named<Label> & { buckets?: number[] },
  ): (labels: Labels<Label>, seconds: number) => void {
    if (!this.isOn) return () => undefined;
    const histogram = new Histogram({ labelNames: [], buckets: SECONDS, ...named, registers: [this.registry] });
    return (labels, seconds) => histogram.observe(labels, seconds);
  }

  /** Asks for a value when it is collected: `read` lists it for each combination of labels. */
  gauge<Label extends string>(named: Named<Label>, read: () => { labels?: Labels<Label>; value: number }[]): void {
    if (!this.isOn) return;
    new Gauge({
      labelNames: [],
      ...named,
      registers: [this.registry],
      collect() {
        this.reset();
        for (const { labels = {}, value } of read()) this.set(labels, value);
      },
    });
  }
}
