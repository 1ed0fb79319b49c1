import { Inject, Injectable } from '@nestjs/common';
import { journal } from '../common/logging/journal';
import { CONFIG, type Config } from '../config/config';
import { type Shared, SharedAnswer } from '../upstream/shared-answer';
import { STALE_MS, upstreamBudgetMs } from './budget';
import type { Asked, Condition, Dashboard } from './overview.types';
import { PROJECT_PATHS, type ProjectList, parseProjects } from './shub';
import { SourceService } from './source.service';
import { parseVerdict } from './verdict';

const NO_LIST = 'this revision of Shub keeps no list of projects: it answers with a stub';

/** Shub has no dashboard: this one is put together from what its revisions do tell. */
@Injectable()
export class DashboardService {
  private readonly answer: SharedAnswer<Dashboard>;
  private readonly timeoutMs: number;

  constructor(
    private readonly sources: SourceService,
    @Inject(CONFIG) { overview }: Config,
  ) {
    this.timeoutMs = upstreamBudgetMs(overview.timeoutMs);
    this.answer = new SharedAnswer(() => this.collect(), { ttlMs: overview.ttlMs, staleMs: STALE_MS });
  }

  get(): Promise<Shared<Dashboard>> {
    return this.answer.get();
  }

  private async collect(): Promise<Dashboard> {
    const { timeoutMs } = this;
    const [health, ...lists] = await Promise.all([
      this.sources.ask({ name: 'shub', path: '/health', timeoutMs, parse: parseVerdict }),
      ...PROJECT_PATHS.map((path) => this.sources.ask({ name: 'shub', path, timeoutMs, parse: parseProjects })),
    ]);
    const list = ofItsRevision(lists);
    const shubHealth = health.value?.status ?? health.failure!.status;
    const dashboard: Dashboard = {
      status: total(shubHealth, list),
      shubHealth,
      shubVersion: health.value?.version ?? null,
      projects: list.value?.projects ?? null,
      projectsTotal: list.value?.total ?? null,
      reasons: {
        shubHealth: health.value ? health.value.error : health.failure.reason,
        projects: list.value ? (list.value.projects ? null : NO_LIST) : list.failure.reason,
      },
      sources: [health, list].map(({ source }) => source),
    };
    journal('shub_dashboard:refreshed', {}, { dashboard: dashboard.status });
    return dashboard;
  }
}

/** Each revision knows one of the paths: that the other is missing is no news. */
function ofItsRevision(lists: Asked<ProjectList>[]): Asked<ProjectList> {
  return lists.find(({ value }) => value) ?? lists.find(({ failure }) => !failure?.isMissing) ?? lists[0]!;
}

function total(health: Condition, { value }: Asked<ProjectList>): Condition {
  if (health === 'ok') return value ? 'ok' : 'degraded';
  return value ? 'degraded' : health;
}
