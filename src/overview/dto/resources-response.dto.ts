import type { Shared } from '../../upstream/shared-answer';
import type { CliTool, LocalModel, Resources } from '../overview.types';
import { SourceDto } from './source.dto';

export class CliToolDto {
  /** @example 'gh' */
  name: string;
  /**
   * What Hermes lists without a word about it counts as available.
   * @example true
   */
  available: boolean;
  /** @example '2.62' */
  version: string | null;

  static from({ name, available, version }: CliTool): CliToolDto {
    return { name, available, version };
  }
}

export class LocalModelDto {
  /** @example 'tiny-test' */
  name: string;
  /** @example 100 */
  size_mb: number | null;
  /**
   * What Hermes lists without a word about it counts as available.
   * @example true
   */
  available: boolean;

  static from({ name, sizeMb, available }: LocalModel): LocalModelDto {
    return { name, size_mb: sizeMb, available };
  }
}

/** Why fields are `null`; null where there is nothing to explain. */
export class ResourcesReasonsDto {
  cli_tools: string | null;
  local_models: string | null;
  max_tokens: string | null;
  available_tokens: string | null;
}

export class ResourcesResponseDto {
  /**
   * `ok`: Hermes tells its tools and models. `degraded`: part of that. `down`, `unknown`: nothing, and whether it runs is
   * known or not. `not_configured`: Operator has no address of it.
   * @example 'ok'
   */
  status: 'ok' | 'degraded' | 'down' | 'unknown' | 'not_configured';
  /** A hundred at most. Null: not known, see `reasons`. */
  cli_tools: CliToolDto[] | null;
  /** A hundred at most. Null: not known, see `reasons`. */
  local_models: LocalModelDto[] | null;
  /**
   * What the CLI tokens may spend in a day, all together. Null: not known, see `reasons`.
   * @example 1000
   */
  max_tokens: number | null;
  /**
   * What is left of that. Null: not known, see `reasons`.
   * @example 985
   */
  available_tokens: number | null;
  reasons: ResourcesReasonsDto;
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

  static from({ value, asOf, isStale }: Shared<Resources>): ResourcesResponseDto {
    return {
      status: value.status,
      cli_tools: value.cliTools?.map(CliToolDto.from) ?? null,
      local_models: value.localModels?.map(LocalModelDto.from) ?? null,
      max_tokens: value.maxTokens,
      available_tokens: value.availableTokens,
      reasons: {
        cli_tools: value.reasons.cliTools,
        local_models: value.reasons.localModels,
        max_tokens: value.reasons.maxTokens,
        available_tokens: value.reasons.availableTokens,
      },
      as_of: asOf.toISOString(),
      stale: isStale,
      sources: value.sources.map(SourceDto.from),
    };
  }
}
