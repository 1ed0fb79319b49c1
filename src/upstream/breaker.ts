import { Logger } from '@nestjs/common';
import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { UpstreamError } from './upstream.errors';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** As much of an answer as tells whether the upstream is there. */
interface Answered {
  status: number;
}

export interface BreakerOptions {
  failures: number;
  retryMs: number;
}

const RETRY_MAX_MS = 30_000;
const STATES: Record<CircuitState, BreakerState> = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.Open]: 'open',
  [CircuitState.HalfOpen]: 'half-open',
  [CircuitState.Isolated]: 'open',
};

/**
 * Leaves an upstream alone that failed several times in a row, until it answers a probe. Callers are refused at once
 * meanwhile: the probe that half-opens the circuit is Operator's own, so no request of a person is spent on it.
 */
export class Breaker {
  private readonly logger = new Logger('Upstream');
  private readonly policy: CircuitBreakerPolicy;
  private timer: NodeJS.Timeout | undefined;
  private retryMs: number;
  private openedAt = 0;
  private isClosed = false;

  constructor(
    private readonly upstream: string,
    private readonly options: BreakerOptions,
    private readonly probe: () => Promise<Answered>,
  ) {
    this.retryMs = options.retryMs;
    this.policy = circuitBreaker(handleWhen(isSick).orWhenResult(isServerDown), {
      breaker: new ConsecutiveBreaker(options.failures),
      halfOpenAfter: 0,
    });
    this.policy.onStateChange((state) => this.changed(STATES[state]));
  }

  get state(): BreakerState {
    return STATES[this.policy.state];
  }

  /** @throws UpstreamError `circuit-open`, at once */
  run<T extends Answered>(call: () => Promise<T>, isAside = false): Promise<T> {
    if (this.policy.state === CircuitState.Closed) return isAside ? call() : this.policy.execute(call);
    const retryAfterMs = Math.max(0, this.openedAt + this.retryMs - Date.now());
    throw new UpstreamError('circuit-open', 'It failed too often, and is asked again when it is well.', {
      retryAfterMs,
    });
  }

  /** Probes no more. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private changed(state: BreakerState): void {
    if (state === 'half-open') return;
    const isOpen = state === 'open';
    // A failed probe opens the circuit again: that is no news.
    if (!isOpen || this.retryMs === this.options.retryMs) {
      this.logger.warn({ event: `upstream:${this.upstream}:circuit_${state}` });
    }
    if (!isOpen) this.retryMs = this.options.retryMs;
    else if (!this.isClosed) this.probeLater();
  }

  private probeLater(): void {
    this.openedAt = Date.now();
    this.timer = setTimeout(() => {
      // Doubled before it is known how the probe ends: `changed` puts it back if well.
      this.retryMs = Math.min(this.retryMs * 2, RETRY_MAX_MS);
      this.policy.execute(this.probe).catch(() => undefined);
    }, this.retryMs);
    this.timer.unref();
  }
}

/** Trouble of the upstream's: not that the caller gave up, or asked for more than it may have. */
const isSick = (error: Error): boolean =>
  error instanceof UpstreamError && ['unreachable', 'timeout', 'not-http'].includes(error.failure);

/**
 * What the caller did wrong, 4xx, says nothing about the upstream's health. Nor does a 500, which is quick and about one
 * request: revision A of Switch gives it to most chats, and the others must get through.
 */
const isServerDown = (reply: unknown): boolean => [502, 503, 504].includes((reply as Answered).status);
