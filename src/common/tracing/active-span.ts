import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type Span, trace } from '@opentelemetry/api';

/** A span that is at work, and what hangs on it. */
export interface Scope {
  span: Span;
  context: Context;
  children: number;
}

/** Nobody enters it while traces are off. */
export const scopes = new AsyncLocalStorage<Scope>();

export const scopeOf = (span: Span, around: Context): Scope => ({
  span,
  context: trace.setSpan(around, span),
  children: 0,
});

/** The fields by which a log line finds its trace. */
export function traceFields(): Record<string, string> {
  const scope = scopes.getStore();
  if (!scope) return {};
  const { traceId, spanId } = scope.span.spanContext();
  return { trace_id: traceId, span_id: spanId };
}
