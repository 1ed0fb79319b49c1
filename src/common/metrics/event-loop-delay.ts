import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metrics } from './metrics.service';

const SAMPLED_EVERY_MS = 20;

/** How late timers fire, since the last scrape. Node measures from timer to timer: the interval itself is no delay. */
export function measureEventLoop(metrics: Metrics): void {
  const delays = monitorEventLoopDelay({ resolution: SAMPLED_EVERY_MS });
  delays.enable();
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - SAMPLED_EVERY_MS / 1_000);
  metrics.gauge(
    {
      name: 'operator_event_loop_delay_seconds',
      help: 'How late the event loop was since the last scrape: half of the time, at worst but for 1 %, at worst.',
      labelNames: ['stat'],
    },
    () => {
      // Of no samples Node says nonsense.
      const { count } = delays as unknown as { count: number };
      const stats = [
        { labels: { stat: 'p50' }, value: count ? seconds(delays.percentile(50)) : 0 },
        { labels: { stat: 'p99' }, value: count ? seconds(delays.percentile(99)) : 0 },
        { labels: { stat: 'max' }, value: count ? seconds(delays.max) : 0 },
      ];
      delays.reset();
      return stats;
    },
  );
}
