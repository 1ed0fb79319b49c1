import { AsyncResource } from 'node:async_hooks';
import { TraceFlags } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-node';

export interface SpanQueueOptions {
  /** Ended spans kept while the collector is slow or away; more are dropped. */
  max: number;
  batch: number;
  delayMs: number;
  /** Longest that the last spans may keep the process. */
  shutdownMs: number;
}

/** Told what became of spans. */
export interface SpanQueueObserver {
  exported(spans: number): void;
  dropped(spans: number, reason: 'queue_full' | 'export_failed', error?: Error): void;
}

/**
 * Sends ended spans to the collector in batches, one at a time, off everybody's way. Nothing waits for it, and what it
 * keeps is bounded: a collector that is down or hangs costs spans, which are counted, and nothing else.
 */
export class SpanQueue implements SpanProcessor {
  private waiting: ReadableSpan[] = [];
  private sending: ReadableSpan[] = [];
  private draining: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** On behalf of no request, whichever ended the span. */
  private readonly begin = AsyncResource.bind(() => void this.forceFlush());

  constructor(
    private readonly exporter: SpanExporter,
    private readonly options: SpanQueueOptions,
    private readonly observer: SpanQueueObserver,
  ) {}

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (!(span.spanContext().traceFlags & TraceFlags.SAMPLED)) return;
    if (this.isClosed || this.waiting.length + this.sending.length >= this.options.max) {
      this.observer.dropped(1, 'queue_full');
      return;
    }
    this.waiting.push(span);
    if (this.waiting.length >= this.options.batch) this.begin();
    else this.timer ??= setTimeout(this.begin, this.options.delayMs).unref();
  }

  /** Resolves when all that waits has been sent, or given up. */
  forceFlush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length === 0) return this.draining ?? Promise.resolve();
    this.draining ??= this.drain();
    return this.draining;
  }

  async shutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.options.shutdownMs)));
    await Promise.race([this.forceFlush(), enough]);
    clearTimeout(timer);
    this.isClosed = true;
    const left = this.waiting.splice(0).length + this.sending.splice(0).length;
    if (left > 0) this.observer.dropped(left, 'export_failed', new Error('Operator stopped before they were sent.'));
    // It would wait for what is under way.
    void this.exporter.shutdown().catch(() => undefined);
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      this.sending = this.waiting.splice(0, this.options.batch);
      const error = await this.send(this.sending);
      const sent = this.sending.splice(0).length;
      // None if `shutdown` has counted them already.
      if (sent === 0) break;
      if (error) this.observer.dropped(sent, 'export_failed', error);
      else this.observer.exported(sent);
    }
    this.draining = null;
  }

  private send(spans: ReadableSpan[]): Promise<Error | null> {
    return new Promise((resolve) => {
      // A copy: `sending` is emptied when the spans are counted.
      this.exporter.export([...spans], ({ code, error }) => resolve(code === SUCCESS ? null : (error ?? new Error())));
    });
  }
}

/** `ExportResultCode.SUCCESS` */
const SUCCESS = 0;
