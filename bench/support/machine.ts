import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { median, timed } from './statistics';

const FLUSHES = 50;
const PAGE = Buffer.alloc(4_096);

/** What the figures below it were measured on. A durable turn flushes the disk twice: so that is part of it. */
export function describeMachine(dir: string): string {
  const [cpu] = cpus();
  return [
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}`,
    `${(totalmem() / 1024 ** 3).toFixed(1)} GB`,
    `${platform()} ${release()} ${arch()}`,
    `Node ${process.version}`,
    `disk flush ${flushMs(dir).toFixed(2)} ms`,
  ].join(', ');
}

function flushMs(dir: string): number {
  const file = openSync(join(dir, 'flush'), 'w');
  const durations = Array.from({ length: FLUSHES }, () =>
    timed(() => {
      writeSync(file, PAGE);
      fsyncSync(file);
    }),
  );
  closeSync(file);
  return median(durations);
}
