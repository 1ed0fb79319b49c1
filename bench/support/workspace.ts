import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAll } from './processes';

/** A temporary folder; set TMPDIR to measure another disk. */
export class Workspace {
  /** Left behind for somebody to look into. */
  isKept = false;
  readonly dir = mkdtempSync(join(tmpdir(), 'operator-bench-'));

  folder(name: string): string {
    const folder = join(this.dir, name);
    mkdirSync(folder);
    return folder;
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Runs a bench to its end, and with it this process and all that it started. */
export async function inWorkspace(bench: (workspace: Workspace) => Promise<void>): Promise<void> {
  const workspace = new Workspace();
  try {
    await bench(workspace);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    await endAll();
    if (!workspace.isKept) workspace.remove();
  }
  // Connections that are kept alive would hold the process.
  process.exit();
}
