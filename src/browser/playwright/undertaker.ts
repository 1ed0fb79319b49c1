import { type ChildProcess, spawn } from 'node:child_process';

/** Reads process groups, a line each, until our end of the pipe closes, which it does however we end. Then it clears up. */
const SCRIPT = `
while read -r group; do groups="$groups $group"; done
for group in $groups; do kill -KILL -- "-$group"; done
sleep 1
rm -rf -- "$1"`;

/** A shell that outlives this process, to end what must not: nothing of a browser is left, not even by kill -9. */
export class Undertaker {
  private readonly shell: ChildProcess;

  constructor(folder: string) {
    this.shell = spawn('/bin/sh', ['-c', SCRIPT, 'operator-undertaker', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // Without one, browsers end by themselves in most cases: with the pipe to them.
    this.shell.on('error', () => undefined);
    this.shell.stdin!.on('error', () => undefined);
    this.shell.unref();
  }

  awaitTheEndOf(group: number): void {
    this.shell.stdin!.write(`${group}\n`);
  }

  /** All is cleared up already. */
  dismiss(): void {
    this.shell.kill('SIGKILL');
  }
}

export function killGroup(group: number | null | undefined): void {
  if (group) killProcess(-group);
}

export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
