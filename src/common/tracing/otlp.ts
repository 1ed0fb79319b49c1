import { Logger } from '@nestjs/common';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Config } from '../../config/config';
import type { Metrics } from '../metrics/metrics.service';
import { SpanQueue } from './span-queue';
import type { TraceSource } from './tracing.service';

const QUEUE = { max: 4_096, batch: 512, delayMs: 500, shutdownMs: 2_000 };
const EXPORT_TIMEOUT_MS = 5_000;
/** A collector that is away says so once in this time. */
const WARNING_EVERY_MS = 60_000;

/** Loaded only where a collector is configured: the SDK has its price. Nothing global is set but its own log. */
export function startTraces({ endpoint, serviceName }: Config['traces'], metrics: Metrics): TraceSource {
  const exported = metrics.counter({
    name: 'operator_trace_spans_exported_total',
    help: 'Spans that the collector took.',
  });
  const dropped = metrics.counter({
    name: 'operator_trace_spans_dropped_total',
    help: 'Spans that no collector will see: it was too slow, it failed, or there were too many below one.',
    labelNames: ['reason'],
  });
  const warn = seldom(new Logger('Traces'));
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );

  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: EXPORT_TIMEOUT_MS });
  const queue = new SpanQueue(exporter, QUEUE, {
    exported: (spans) => exported({}, spans),
    dropped: (spans, reason, error) => {
      dropped({ reason }, spans);
      warn(`Spans are dropped (${reason})${error ? `: ${error.message || error.name}` : ''}`);
    },
  });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': '7.0.0' }),
    spanProcessors: [queue],
  });
  return {
    tracer: provider.getTracer('operator'),
    leftOut: () => dropped({ reason: 'too_many' }),
    shutdown: () => provider.shutdown(),
  };
}

const ignore = (): void => undefined;

/** Leaves a warning now and then, and says how many it has swallowed since. */
function seldom(logger: Logger): (message: string) => void {
  let nextAt = 0;
  let swallowed = 0;
  return (message) => {
    if (performance.now() < nextAt) {
      swallowed++;
      return;
    }
    nextAt = performance.now() + WARNING_EVERY_MS;
    logger.warn({ event: 'traces:warning', reason: message.slice(0, 500), ...(swallowed > 0 && { swallowed }) });
    swallowed = 0;
  };
}
