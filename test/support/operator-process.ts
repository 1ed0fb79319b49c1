import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from './until';

const MAIN = join(__dirname, '../../dist/src/main.js');

/** The built service as a process of its own, to be killed at will. `npm test` builds it first. */
export class OperatorProcess {
  stdout = '';
  stderr = '';
  url = '';

  private constructor(private readonly child: ChildProcess) {
    child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
  }

  /** Starts it with nothing but `env` configured, in `cwd`, on a free port unless told otherwise. */
  static spawn(env: Record<string, string>, cwd: string, command = [process.execPath, MAIN]): OperatorProcess {
    const { PATH, HOME } = process.env as Record<string, string>;
    const child = spawn(command[0]!, command.slice(1), {
      cwd,
      env: { PATH: PATH!, HOME: HOME!, OPERATOR_PORT: '0', ...env },
    });
    return new OperatorProcess(child);
  }

  /** Starts it and waits until it listens. */
  static async start(env: Record<string, string>, cwd: string, command?: string[]): Promise<OperatorProcess> {
    const operator = OperatorProcess.spawn(env, cwd, command);
    await until(() => {
      if (operator.child.exitCode !== null) throw new Error(`It did not start: ${operator.stderr}`);
      operator.url = String(operator.lines().find(({ event }) => event === 'startup:v7_initialized')?.url ?? '');
      return operator.url !== '';
    }, 20_000);
    return operator;
  }

  /** What it has logged. */
  lines(): Record<string, unknown>[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Sends a signal and waits for the end; returns the exit code, null if the signal itself ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.exited();
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async exited(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    return this.child.exitCode;
  }
}
