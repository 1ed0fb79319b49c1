import type { OnApplicationShutdown } from '@nestjs/common';
import {
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { scopeOf, scopes } from './active-span';
import { traceHeaders } from './traceparent';

/** Spans directly below one. What reads a thousand times, as a long search does, shows how it began. */
const CHILDREN_MAX = 100;

/** Records nothing, and says so. */
const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

export interface TraceSource {
  tracer: Tracer;
  /** Told of spans that are left out. */
  leftOut(): void;
  shutdown(): Promise<void>;
}

/** Makes spans. With traces off it makes none: work is run, and nothing else happens. */
export class Tracing implements OnApplicationShutdown {
  constructor(private readonly source: TraceSource | null) {}

  get isOn(): boolean {
    return this.source !== null;
  }

  /** Runs `work` in a span below the one at work. It ends with the work, as an error if that throws. */
  async run<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    if (!this.source) return work(NO_SPAN);
    const parent = scopes.getStore();
    if (parent && ++parent.children > CHILDREN_MAX) {
      this.source.leftOut();
      return work(NO_SPAN);
    }
    const span = this.source.tracer.startSpan(name, options, parent?.context ?? ROOT_CONTEXT);
    try {
      return await this.within(span, () => work(span));
    } catch (error) {
      failed(span, errorType(error));
      throw error;
    } finally {
      span.end();
    }
  }

  /** The same, for what is of interest only as a part of something: alone it makes no trace. */
  part<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
    return scopes.getStore() ? this.run(name, options, work) : work(NO_SPAN);
  }

  /** Begins a span that somebody else ends, below a caller's if there is one. */
  begin(name: string, options: SpanOptions, caller: SpanContext | null): Span {
    if (!this.source) return NO_SPAN;
    const around = caller ? trace.setSpanContext(ROOT_CONTEXT, caller) : ROOT_CONTEXT;
    return this.source.tracer.startSpan(name, options, around);
  }

  within<T>(span: Span, work: () => T): T {
    return scopes.run(scopeOf(span, ROOT_CONTEXT), work);
  }

  /** The headers that carry a span's trace on to the next service; none if it is in none. */
  headers(span: Span): Record<string, string> {
    return span === NO_SPAN ? {} : traceHeaders(span.spanContext());
  }

  async onApplicationShutdown(): Promise<void> {
    await this.source?.shutdown();
  }
}

export function failed(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** What kind of error it is. Never its text, which may quote what people said. */
function errorType(error: unknown): string {
  const { code, failure, name } = (error ?? {}) as { code?: unknown; failure?: unknown; name?: unknown };
  return String(code ?? failure ?? name ?? typeof error);
}
