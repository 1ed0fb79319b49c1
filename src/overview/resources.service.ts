import { Inject, Injectable } from '@nestjs/common';
import { journal } from '../common/logging/journal';
import { CONFIG, type Config } from '../config/config';
import { type Shared, SharedAnswer } from '../upstream/shared-answer';
import { STALE_MS, upstreamBudgetMs } from './budget';
import { type HermesResources, type TokenBudget, parseResources, parseTokenBudget } from './hermes';
import type { Asked, Condition, Resources } from './overview.types';
import { SourceService } from './source.service';

/** Tools, models and budgets, as Hermes knows them. */
@Injectable()
export class ResourcesService {
  private readonly answer: SharedAnswer<Resources>;
  private readonly timeoutMs: number;

  constructor(
    private readonly sources: SourceService,
    @Inject(CONFIG) { overview }: Config,
  ) {
    this.timeoutMs = upstreamBudgetMs(overview.timeoutMs);
    this.answer = new SharedAnswer(() => this.collect(), { ttlMs: overview.ttlMs, staleMs: STALE_MS });
  }

  get(): Promise<Shared<Resources>> {
    return this.answer.get();
  }

  /** Never asks `/hermes/cli/list`: revision A shows tokens there. */
  private async collect(): Promise<Resources> {
    const { timeoutMs } = this;
    const [found, budget] = await Promise.all([
      this.sources.ask({ name: 'hermes', path: '/hermes/resources', timeoutMs, parse: parseResources }),
      this.sources.ask({ name: 'hermes', path: '/hermes/list', timeoutMs, parse: parseTokenBudget }),
    ]);
    const resources: Resources = {
      status: total(found, budget),
      cliTools: found.value?.cliTools ?? null,
      localModels: found.value?.localModels ?? null,
      maxTokens: budget.value?.max ?? null,
      availableTokens: budget.value?.available ?? null,
      reasons: {
        cliTools: missing(found, found.value?.cliTools, 'Hermes does not list its tools'),
        localModels: missing(found, found.value?.localModels, 'Hermes does not list its models'),
        maxTokens: missing(budget, budget.value?.max, 'Hermes has no limits'),
        availableTokens: missing(budget, budget.value?.available, 'Hermes does not say of all tokens what is used'),
      },
      sources: [found, budget].map(({ source }) => source),
    };
    journal('resources:refreshed', {}, { resources: resources.status });
    return resources;
  }
}

/** Why there is no value; null when there is one. */
const missing = (asked: Asked<unknown>, value: unknown, otherwise: string): string | null =>
  asked.failure ? asked.failure.reason : value == null ? otherwise : null;

/** Budgets are what revision A alone knows: without them nothing is wrong, unless nobody answers. */
function total(found: Asked<HermesResources>, budget: Asked<TokenBudget>): Condition {
  if (!found.value) return budget.value ? 'degraded' : found.failure.status;
  const isWhole = found.value.cliTools && found.value.localModels && budget.failure?.status !== 'down';
  return isWhole ? 'ok' : 'degraded';
}
