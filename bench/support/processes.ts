import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const children = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** The child ends with this process, however this process ends. */
export function adopt(child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  child.kill(signal);
  await once(child, 'exit');
}

export async function endAll(): Promise<void> {
  await Promise.all([...children].map((child) => end(child, 'SIGKILL')));
}

export interface RunningServer {
  url: string;
  pid: number;
}

/** Runs a file of ours that calls `serve` as a process of its own. */
export async function startServer(file: string, args: string[], env?: Record<string, string>): Promise<RunningServer> {
  const child = adopt(fork(file, args, { env: { ...process.env, ...env } }));
  const failed = once(child, 'exit').then(() => {
    throw new Error(`${file} ended before it listened.`);
  });
  const [url] = (await Promise.race([once(child, 'message'), failed])) as [string];
  failed.catch(() => undefined); // from here on it may end
  return { url, pid: child.pid! };
}

/** The other side of `startServer`: listens on a free port and says where. */
export function serve(server: Server): void {
  // Connections rest while other targets are measured, and must still be there afterwards.
  server.keepAliveTimeout = 300_000;
  server.listen(0, '127.0.0.1', () => process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  process.once('disconnect', () => process.exit());
}
