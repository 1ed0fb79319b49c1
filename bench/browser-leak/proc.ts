import { readFileSync, readdirSync } from 'node:fs';

export interface Process {
  pid: number;
  parent: number;
  group: number;
  /** Together with the pid it is of no other process, ever: pids are given again. */
  startedAt: string;
}

/** All that run on this machine. What has ended and was not asked for its end by its parent is none. */
export function runningProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((process) => process !== null);
}

/** Whether its command line or its environment speaks of something. */
export const names = (pid: number, what: string): boolean =>
  [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].some((file) => read(file)?.includes(what));

export const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim() ?? '';

export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

function readProcess(pid: number): Process | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name, which may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z') return null;
  return { pid, parent: Number(fields[1]), group: Number(fields[2]), startedAt: fields[19]! };
}

/** Null: it has ended meanwhile. */
function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
