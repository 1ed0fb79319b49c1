import type { EngineName, SwitchModel, SwitchModels, SwitchQueueStatus } from '../switch-gateway.types';

export class QueueItemDto {
  /** @example '41' */
  task_id: string | null;
  /** @example 1 */
  priority: number | null;
  /**
   * As Switch writes it.
   * @example '2026-11-23T09:30:00'
   */
  enqueued_at: string | null;
}

export class SwitchQueueResponseDto {
  /**
   * Who was asked: Switch, or an engine that does not say what waits.
   * @example 'vx11'
   */
  engine: EngineName;
  /**
   * How many tasks wait.
   * @example 1
   */
  size: number;
  /** The first thousand. What is asked of them is not shown. */
  items: QueueItemDto[];

  static from(engine: SwitchQueueResponseDto['engine'], { size, items }: SwitchQueueStatus): SwitchQueueResponseDto {
    return {
      engine,
      size,
      items: items.map(({ taskId, priority, enqueuedAt }) => ({ task_id: taskId, priority, enqueued_at: enqueuedAt })),
    };
  }
}

export class SwitchModelDto {
  /** @example 'general-7b' */
  name: string;
  /** @example 'general' */
  category: string | null;
  /** @example 4096 */
  size_mb: number | null;
  /** @example 'available' */
  status: string | null;
  /**
   * Whether it is loaded.
   * @example true
   */
  warm: boolean | null;
  /** @example ['chat'] */
  tags: string[];

  static from({ name, category, sizeMb, status, isWarm, tags }: SwitchModel): SwitchModelDto {
    return { name, category, size_mb: sizeMb, status, warm: isWarm, tags };
  }
}

export class SwitchModelsResponseDto {
  /**
   * Who was asked: Switch, a model server, or the embedded engine, which has no models.
   * @example 'vx11'
   */
  engine: EngineName;
  /** The first thousand. */
  models: SwitchModelDto[];
  /**
   * The model that answers unless a request says otherwise.
   * @example 'general-7b'
   */
  active: string | null;
  /**
   * The model that is loaded besides.
   * @example 'audio-engineering'
   */
  warm: string | null;

  static from(
    engine: SwitchModelsResponseDto['engine'],
    { models, active, warm }: SwitchModels,
  ): SwitchModelsResponseDto {
    return { engine, models: models.map(SwitchModelDto.from), active, warm };
  }
}
