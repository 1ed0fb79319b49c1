import type { Shared } from '../../upstream/shared-answer';
import type { Dashboard, Project } from '../overview.types';
import { SourceDto } from './source.dto';

const UNREPORTED = 'no upstream reports it';

export class ProjectDto {
  /** @example 'Song 12' */
  name: string;
  /** @example '12' */
  id: string | null;
  /** @example 'mixing' */
  status: string | null;

  static from({ name, id, status }: Project): ProjectDto {
    return { name, id, status };
  }
}

export class ShubUsageDto {
  cpu_percent: number | null;
  memory_mb: number | null;
}

/** Why fields are `null`, or Shub not well; null where there is nothing to explain. */
export class DashboardReasonsDto {
  shub_health: string | null;
  projects: string | null;
  /** @example 'no upstream reports it' */
  active_sessions: string | null;
  /** @example 'no upstream reports it' */
  resources: string | null;
}

export class DashboardResponseDto {
  /**
   * `ok`: Shub is well and answered all. `degraded`: part of it. `down`, `unknown`: nothing, and whether it runs is known
   * or not. `not_configured`: Operator has no address of it.
   * @example 'ok'
   */
  status: 'ok' | 'degraded' | 'down' | 'unknown' | 'not_configured';
  /**
   * What Shub says of itself.
   * @example 'ok'
   */
  shub_health: 'ok' | 'degraded' | 'down' | 'unknown' | 'not_configured';
  /** @example '7.0' */
  shub_version: string | null;
  /**
   * Null: not known, see `reasons`.
   * @example null
   */
  active_sessions: number | null;
  /** The first hundred. Null: not known, see `reasons`. */
  projects: ProjectDto[] | null;
  /**
   * How many projects there are in all.
   * @example 1
   */
  projects_total: number | null;
  resources: ShubUsageDto;
  reasons: DashboardReasonsDto;
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

  static from({ value, asOf, isStale }: Shared<Dashboard>): DashboardResponseDto {
    return {
      status: value.status,
      shub_health: value.shubHealth,
      shub_version: value.shubVersion,
      active_sessions: null,
      projects: value.projects?.map(ProjectDto.from) ?? null,
      projects_total: value.projectsTotal,
      resources: { cpu_percent: null, memory_mb: null },
      reasons: {
        shub_health: value.reasons.shubHealth,
        projects: value.reasons.projects,
        active_sessions: UNREPORTED,
        resources: UNREPORTED,
      },
      as_of: asOf.toISOString(),
      stale: isStale,
      sources: value.sources.map(SourceDto.from),
    };
  }
}
