import { Injectable } from '@nestjs/common';
import { journal } from '../../common/logging/journal';
import { ArtifactService } from '../artifacts/artifact.service';
import type { OperatorArtifact } from '../artifacts/operator-artifact.entity';
import { BrowserTaskNotFoundError } from '../browser.errors';
import { BrowserTaskRepository } from './browser-task.repository';
import type { BrowserTaskFilter } from './browser-task.types';
import type { OperatorBrowserTask } from './operator-browser-task.entity';

/** Reads tasks, and what they have found. */
@Injectable()
export class BrowserTaskReadService {
  constructor(
    private readonly tasks: BrowserTaskRepository,
    private readonly artifacts: ArtifactService,
  ) {}

  async get(id: number): Promise<{ task: OperatorBrowserTask; artifacts: OperatorArtifact[] }> {
    const task = await this.found(id);
    journal(`browser_task:retrieved:${id}`, { session_id: task.sessionId });
    return { task, artifacts: await this.artifacts.listOf(id) };
  }

  async withArtifacts(
    task: OperatorBrowserTask,
  ): Promise<{ task: OperatorBrowserTask; artifacts: OperatorArtifact[] }> {
    return { task, artifacts: await this.artifacts.listOf(task.id) };
  }

  /** The newest first. */
  async list(
    filter: BrowserTaskFilter,
    before: number | null,
    limit: number,
  ): Promise<{ items: OperatorBrowserTask[]; nextCursor: number | null }> {
    journal('browser_tasks_listed');
    const found = await this.tasks.list(filter, before, limit + 1);
    const items = found.slice(0, limit);
    return { items, nextCursor: found.length > limit ? items.at(-1)!.id : null };
  }

  async snapshot(id: number): Promise<{ artifact: OperatorArtifact; bytes: Buffer }> {
    const { status } = await this.found(id);
    return this.artifacts.readSnapshot(id, status);
  }

  private async found(id: number): Promise<OperatorBrowserTask> {
    const task = await this.tasks.find(id);
    if (!task) throw new BrowserTaskNotFoundError();
    return task;
  }
}
