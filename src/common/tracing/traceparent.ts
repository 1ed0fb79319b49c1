import { type SpanContext, TraceFlags, createTraceState } from '@opentelemetry/api';

const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const TRACESTATE_MAX = 512;

/** Whose trace a request belongs to, as W3C Trace Context has it; null if its headers do not say, or not validly. */
export function parseTraceparent(traceparent: string | undefined, tracestate?: string): SpanContext | null {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(traceparent?.trim() ?? '') ?? [];
  // Later versions may say more than ours does.
  if (!traceId || !spanId || (version === '00' && more)) return null;
  return {
    traceId,
    spanId,
    traceFlags: parseInt(flags!, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(tracestate && tracestate.length <= TRACESTATE_MAX && { traceState: createTraceState(tracestate) }),
  };
}

/** The headers that carry the trace on. */
export function traceHeaders({ traceId, spanId, traceFlags, traceState }: SpanContext): Record<string, string> {
  const tracestate = traceState?.serialize();
  return {
    traceparent: `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`,
    ...(tracestate && { tracestate }),
  };
}
