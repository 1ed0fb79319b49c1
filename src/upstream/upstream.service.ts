import { HttpService } from '@nestjs/axios';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Metrics } from '../common/metrics/metrics.service';
import { Tracing } from '../common/tracing/tracing.service';
import { CONFIG, type Config } from '../config/config';
import { UPSTREAM_NAMES, type UpstreamName } from '../config/upstreams';
import type { BreakerState } from './breaker';
import { undiciAdapter } from './undici-adapter';
import { UpstreamClient } from './upstream-client';

/** Sockets to Switch, which answers people; all others are asked for overviews only. */
const SWITCH_CONNECTIONS = 256;
const CONNECTIONS = 8;
const CALLS_MAX = 32;

/** The client of every service around Operator, each with sockets, limits and a breaker of its own. */
@Injectable()
export class UpstreamService implements OnModuleDestroy {
  private readonly clients: Record<UpstreamName, UpstreamClient>;

  constructor(http: HttpService, metrics: Metrics, tracing: Tracing, @Inject(CONFIG) config: Config) {
    const observe = metrics.histogram({
      name: 'operator_upstream_request_duration_seconds',
      help: 'Calls to upstreams, by how they ended: the class of the status, or why there is no answer.',
      labelNames: ['upstream', 'outcome'],
    });
    const clients = UPSTREAM_NAMES.map((name) => {
      const isSwitch = name === 'switch';
      const options = {
        name,
        ...config.upstreams[name],
        timeoutMs: isSwitch ? config.switch.timeoutMs : config.overview.timeoutMs,
        // As many turns may wait for Switch as may wait here at all.
        callsMax: isSwitch ? SWITCH_CONNECTIONS + config.turn.queue : CALLS_MAX,
        breaker: config.breaker,
      };
      const adapter = undiciAdapter({
        connections: isSwitch ? SWITCH_CONNECTIONS : CONNECTIONS,
        connectTimeoutMs: isSwitch ? config.switch.connectTimeoutMs : config.overview.timeoutMs,
      });
      const client = new UpstreamClient(
        http,
        options,
        (outcome, seconds) => observe({ upstream: name, outcome }, seconds),
        adapter,
        tracing,
      );
      return [name, client] as const;
    });
    this.clients = Object.fromEntries(clients) as Record<UpstreamName, UpstreamClient>;

    metrics.gauge(
      {
        name: 'operator_upstream_circuit_open',
        help: 'Whether an upstream that is configured is left alone: 0 no, 1 yes, 0.5 while it is probed.',
        labelNames: ['upstream'],
      },
      () => this.circuits().map(({ name, circuit }) => ({ labels: { upstream: name }, value: OPENNESS[circuit] })),
    );
  }

  get(name: UpstreamName): UpstreamClient {
    return this.clients[name];
  }

  /** The breakers of the upstreams that are configured. */
  circuits(): { name: UpstreamName; circuit: BreakerState }[] {
    return UPSTREAM_NAMES.filter((name) => this.clients[name].isConfigured).map((name) => ({
      name,
      circuit: this.clients[name].circuit,
    }));
  }

  onModuleDestroy(): void {
    for (const client of Object.values(this.clients)) client.close();
  }
}

const OPENNESS: Record<BreakerState, number> = { closed: 0, 'half-open': 0.5, open: 1 };
