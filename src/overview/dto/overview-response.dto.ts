import type { Shared } from '../../upstream/shared-answer';
import type { ModuleState, Overview } from '../overview.types';
import { SourceDto } from './source.dto';

export class ModuleDto {
  /**
   * `ok`: it says that it is well. `degraded`: it answers, and says that it is not. `down`: it does not answer, or is
   * said not to. `unknown`: nobody can tell. `not_configured`: Operator has no address of it, which is no failure.
   * @example 'ok'
   */
  status: 'ok' | 'degraded' | 'down' | 'unknown' | 'not_configured';
  /**
   * The word that the module, or Tentáculo Link of it, used.
   * @example 'healthy'
   */
  reported: string | null;
  /** @example '7.0' */
  version: string | null;
  /**
   * How long the module took to answer, if it was asked directly.
   * @example 12
   */
  latency_ms: number | null;
  /**
   * When somebody was last asked; null if there is nobody to ask.
   * @example '2026-11-23T09:30:00.000Z'
   */
  checked_at: string | null;
  /**
   * Why it is not `ok`.
   * @example null
   */
  error: string | null;
  /**
   * Who says so: the module, asked directly, or Tentáculo Link; `self` for Operator. Null: nobody does.
   * @example 'direct'
   */
  source: 'self' | 'direct' | 'tentaculo_link' | null;
  /**
   * Whether Operator calls it (`closed`) or leaves it alone because it kept failing; null without an address.
   * @example 'closed'
   */
  circuit: 'closed' | 'open' | 'half-open' | null;

  static from(state: ModuleState): ModuleDto {
    return {
      status: state.status,
      reported: state.reported,
      version: state.version,
      latency_ms: state.latencyMs,
      checked_at: state.checkedAt?.toISOString() ?? null,
      error: state.error,
      source: state.source,
      circuit: state.circuit,
    };
  }
}

/** The ten that are always listed. What else Tentáculo Link knows comes after them, under its own names. */
export class ModulesDto {
  tentaculo_link: ModuleDto;
  madre: ModuleDto;
  switch: ModuleDto;
  hermes: ModuleDto;
  hormiguero: ModuleDto;
  manifestator: ModuleDto;
  mcp: ModuleDto;
  shub: ModuleDto;
  spawner: ModuleDto;
  operator: ModuleDto;

  static from(modules: Map<string, ModuleState>): ModulesDto {
    const listed = [...modules].map(([name, state]) => [name, ModuleDto.from(state)] as const);
    return Object.fromEntries(listed) as unknown as ModulesDto;
  }
}

export class OverviewResponseDto {
  /**
   * `ok`: all that count are well. `degraded`: some are not. `down`: none around Operator is. `unknown`: of none can
   * that be told.
   * @example 'ok'
   */
  status: 'ok' | 'degraded' | 'down' | 'unknown';
  /**
   * How many of them are `ok`.
   * @example 10
   */
  healthy_modules: number;
  /**
   * How many count: Operator, those it has an address of, and those that Tentáculo Link reports.
   * @example 10
   */
  total_modules: number;
  modules: ModulesDto;
  /**
   * When it was put together.
   * @example '2026-11-23T09:30:00.000Z'
   */
  as_of: string;
  /**
   * Whether it is past its time, and a newer one on its way.
   * @example false
   */
  stale: boolean;
  /** Who was asked. */
  sources: SourceDto[];

  static from({ value, asOf, isStale }: Shared<Overview>): OverviewResponseDto {
    return {
      status: value.status,
      healthy_modules: value.healthyModules,
      total_modules: value.totalModules,
      modules: ModulesDto.from(value.modules),
      as_of: asOf.toISOString(),
      stale: isStale,
      sources: value.sources.map(SourceDto.from),
    };
  }
}
