import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from '../browser/start-service';
import type { Service } from '../support/service';
import type { Workspace } from '../support/workspace';
import { Family } from './family';

const CONCURRENCY = 4;
const GONE_WITHIN_MS = 10_000;
const POLL_MS = 100;

export interface Folders {
  dataDir: string;
  /** For temporary files. */
  folder: string;
}

export const foldersFor = (workspace: Workspace, name: string): Folders => ({
  dataDir: workspace.folder(`${name}-data`),
  folder: workspace.folder(`${name}-tmp`),
});

export interface Ending {
  /** Processes and folders that were there ten seconds after the signal. */
  left: string[];
  /** When the last of the others had gone. */
  afterMs: number;
}

/** The service with a folder for temporary files of its own, and all processes that come of it. */
export class Instance {
  private constructor(
    readonly service: Service & { url: string },
    private readonly folder: string,
    private readonly family: Family,
  ) {}

  static async start({ dataDir, folder }: Folders, siteUrl: string): Promise<Instance> {
    const env = { BROWSER_CONCURRENCY: `${CONCURRENCY}`, TMPDIR: folder };
    const service = await startService(dataDir, siteUrl, env);
    return new Instance(service, folder, new Family(service.pid, folder));
  }

  get temporaryFiles(): string[] {
    return readdirSync(this.folder);
  }

  get processes(): number {
    return this.family.look().length;
  }

  /** Tells it to end, or makes it, and looks what stays. What should not have stayed is cleared away. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<Ending> {
    const startedAt = performance.now();
    const elapsedMs = () => performance.now() - startedAt;
    const ended = signal === 'SIGTERM' ? this.service.stop() : this.service.kill();
    const isGone = () => this.family.look(true).length + this.temporaryFiles.length === 0;
    while (!isGone() && elapsedMs() < GONE_WITHIN_MS) await sleep(POLL_MS);
    const afterMs = elapsedMs();
    const { temporaryFiles } = this;
    const left = [...this.family.end(), ...temporaryFiles];
    await ended;
    for (const name of temporaryFiles) rmSync(join(this.folder, name), { recursive: true, force: true });
    return { left, afterMs };
  }
}
