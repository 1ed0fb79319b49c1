import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { journal } from '../common/logging/journal';
import { VERSION } from '../common/version';
import { CONFIG, type Config } from '../config/config';
import { UPSTREAM_NAMES } from '../config/upstreams';
import { type Shared, SharedAnswer } from '../upstream/shared-answer';
import { UpstreamService } from '../upstream/upstream.service';
import { STALE_MS, upstreamBudgetMs } from './budget';
import { parseModuleMap } from './module-map';
import { combine, summarize } from './modules';
import type { Asked, Overview, Verdict } from './overview.types';
import { SourceService } from './source.service';
import { parseVerdict } from './verdict';

/** How much of the time Tentáculo's overview has before its status is asked as well. */
const PATIENCE = 1 / 3;

type ModuleMap = Map<string, Verdict>;

/** How every module is: what each says itself, asked directly, and what Tentáculo Link says of those that do not. */
@Injectable()
export class OverviewService {
  private readonly answer: SharedAnswer<Overview>;
  private readonly budgetMs: number;

  constructor(
    private readonly sources: SourceService,
    private readonly upstreams: UpstreamService,
    @Inject(CONFIG) { overview }: Config,
  ) {
    this.budgetMs = upstreamBudgetMs(overview.timeoutMs);
    this.answer = new SharedAnswer(() => this.collect(), { ttlMs: overview.ttlMs, staleMs: STALE_MS });
  }

  get(): Promise<Shared<Overview>> {
    return this.answer.get();
  }

  private async collect(): Promise<Overview> {
    const [maps, probes] = await Promise.all([this.askForMap(), Promise.all(UPSTREAM_NAMES.map((n) => this.probe(n)))]);
    const modules = combine({
      probes: new Map(probes.map((probe) => [probe.source.name, probe])),
      map: maps.find(({ value }) => value) ?? maps[0]!,
      circuits: this.upstreams.circuits(),
      self: { version: VERSION, at: new Date() },
    });
    const summary = summarize(modules);
    const { status, healthyModules, totalModules } = summary;
    journal('vx11_overview:refreshed', {}, { overview: status, healthy: healthyModules, total: totalModules });
    const sources = [...maps, ...probes].map(({ source }) => source);
    return { ...summary, modules, sources: sources.filter(({ status }) => status !== 'not_configured') };
  }

  private probe(name: (typeof UPSTREAM_NAMES)[number]): Promise<Asked<Verdict>> {
    return this.sources.ask({ name, path: '/health', timeoutMs: this.budgetMs, parse: parseVerdict });
  }

  /**
   * Tentáculo's overview; its status too, if the overview fails or takes long. Whichever tells of modules first is taken,
   * and the other is not waited for.
   */
  private async askForMap(): Promise<Asked<ModuleMap>[]> {
    const startedAt = performance.now();
    const stop = new AbortController();
    const heard: Asked<ModuleMap>[] = [];
    const ask = async (path: string, timeoutMs: number) => {
      const question = { name: 'tentaculo_link', path, timeoutMs, parse: parseModuleMap, signal: stop.signal } as const;
      const answer = await this.sources.ask(question);
      heard.push(answer);
      return answer;
    };

    const overview = ask('/vx11/overview', this.budgetMs);
    const soon = await Promise.race([overview, sleep(this.budgetMs * PATIENCE, null, { ref: false })]);
    if (soon && (soon.value || soon.source.status === 'not_configured')) return [soon];

    const elapsedMs = Math.floor(performance.now() - startedAt);
    const status = ask('/vx11/status', Math.max(1, this.budgetMs - elapsedMs));
    await firstOfUse([overview, status]);
    stop.abort();
    // Without the one that was just given up: that it failed is no news.
    return heard.toSorted((one, other) => one.source.path.localeCompare(other.source.path));
  }
}

/** Waits for the first that has a value, or for all when none has. */
async function firstOfUse<T>(asked: Promise<Asked<T>>[]): Promise<void> {
  const ofUse = asked.map(async (one) => {
    if (!(await one).value) throw new Error('Of no use.');
  });
  await Promise.any(ofUse).catch(() => undefined);
}
