import { statfs } from 'node:fs/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { type HealthIndicatorFunction, HealthIndicatorService } from '@nestjs/terminus';
import { BrowserStatusService } from '../browser/tasks/browser-status.service';
import { CONFIG, type Config } from '../config/config';
import { Reader } from '../database/reader';
import { SchemaState } from '../database/schema-state';
import { SwitchGateway } from '../switch-gateway/switch-gateway.service';
import type { EngineHealth } from '../switch-gateway/switch-gateway.types';
import { UpstreamService } from '../upstream/upstream.service';

/** Probes come from everywhere and often: the engine is asked once for all of them. */
const ENGINE_ASKED_EVERY_MS = 5_000;

@Injectable()
export class HealthIndicators implements OnModuleDestroy {
  private isShuttingDown = false;
  private engineAsked: { at: number; answer: Promise<EngineHealth> } | null = null;

  constructor(
    private readonly indicator: HealthIndicatorService,
    private readonly reader: Reader,
    private readonly schema: SchemaState,
    private readonly gateway: SwitchGateway,
    private readonly upstreamClients: UpstreamService,
    private readonly browserStatus: BrowserStatusService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleDestroy(): void {
    this.isShuttingDown = true;
  }

  all(): HealthIndicatorFunction[] {
    return [
      () => this.process(),
      () => this.database(),
      () => this.migrations(),
      () => this.disk(),
      () => this.engine(),
      () => this.upstreams(),
      () => this.browser(),
    ];
  }

  private process() {
    const session = this.indicator.check('process');
    return this.isShuttingDown ? session.down('Shutting down.') : session.up();
  }

  private async database() {
    const session = this.indicator.check('database');
    const startedAt = performance.now();
    try {
      await this.reader.sql((sql) => sql.get('SELECT 1 AS one'));
      return session.up({ latency_ms: Math.round(performance.now() - startedAt) });
    } catch {
      return session.down('The database does not answer.');
    }
  }

  private async migrations() {
    const session = this.indicator.check('migrations');
    try {
      const isCurrent = await this.schema.isCurrent();
      return isCurrent ? session.up() : session.down('The schema is not up to date: npm run migration:run');
    } catch {
      return session.down('Not known: the database does not answer.');
    }
  }

  private async disk() {
    const session = this.indicator.check('disk');
    const { dir, minFreeMb } = this.config.data;
    try {
      const { bavail, bsize } = await statfs(dir);
      const free_mb = Math.floor((bavail * bsize) / 1024 / 1024);
      return free_mb >= minFreeMb
        ? session.up({ free_mb })
        : session.down({ message: 'Little space is left.', free_mb });
    } catch {
      return session.down('DATA_DIR cannot be read.');
    }
  }

  private async engine() {
    const { name } = this.gateway;
    const session = this.indicator.check('switch');
    const { isHealthy, detail } = await this.askEngine();
    return isHealthy ? session.up({ engine: name, detail }) : session.degraded({ engine: name, detail });
  }

  /** Which upstreams are left alone because they kept failing. */
  private upstreams() {
    const session = this.indicator.check('upstreams');
    const circuits = this.upstreamClients.circuits();
    const states = Object.fromEntries(circuits.map(({ name, circuit }) => [name, circuit]));
    return circuits.every(({ circuit }) => circuit === 'closed') ? session.up(states) : session.degraded(states);
  }

  /** Without one everything else is served all the same. */
  private browser() {
    const session = this.indicator.check('browser');
    const { engine, unavailable, running } = this.browserStatus.glance();
    return unavailable === null
      ? session.up({ engine, running })
      : session.degraded({ engine, running, detail: unavailable });
  }

  private askEngine(): Promise<EngineHealth> {
    if (!this.engineAsked || this.engineAsked.at < Date.now() - ENGINE_ASKED_EVERY_MS) {
      this.engineAsked = { at: Date.now(), answer: this.gateway.health() };
    }
    return this.engineAsked.answer;
  }
}
