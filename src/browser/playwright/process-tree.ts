import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessUsage {
  pid: number;
  /** What is its own; pages of the program, which all of them share, are counted once, in the total. */
  bytes: number;
  /** Whether it shows a page. */
  isRenderer: boolean;
}

const PAGE_BYTES = 4_096;
const PROCESSES_MAX = 500;

/** A process and all below it; null where that cannot be found out. */
export async function processTree(root: number): Promise<{ processes: ProcessUsage[]; bytes: number } | null> {
  try {
    return process.platform === 'linux' ? await fromProc(root) : await fromPs(root);
  } catch {
    return null;
  }
}

async function fromProc(root: number): Promise<{ processes: ProcessUsage[]; bytes: number }> {
  const pids = await descendants(root);
  const found = await Promise.all(pids.map((pid) => usage(pid).catch(() => null)));
  const alive = found.filter((one) => one !== null);
  const shared = Math.max(0, ...alive.map((one) => one.shared));
  return { processes: alive, bytes: alive.reduce((sum, { bytes }) => sum + bytes, shared) };
}

/** Asks each thread for its children: a walk over all processes of the machine would cost more than the browser. */
async function descendants(root: number): Promise<number[]> {
  const pids = [root];
  for (let next = 0; next < pids.length && pids.length < PROCESSES_MAX; next++) {
    const threads = await readdir(`/proc/${pids[next]}/task`).catch(() => []);
    const lists = await Promise.all(
      threads.map((thread) => readFile(`/proc/${pids[next]}/task/${thread}/children`, 'utf8').catch(() => '')),
    );
    pids.push(...lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number)));
  }
  return pids;
}

async function usage(pid: number): Promise<ProcessUsage & { shared: number }> {
  const [statm, command] = await Promise.all([
    readFile(`/proc/${pid}/statm`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
  ]);
  const [, resident = 0, shared = 0] = statm.split(' ').map(Number);
  const isRenderer = command.includes('--type=renderer');
  return { pid, bytes: (resident - shared) * PAGE_BYTES, shared: shared * PAGE_BYTES, isRenderer };
}

const run = promisify(execFile);

async function fromPs(root: number): Promise<{ processes: ProcessUsage[]; bytes: number }> {
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=,rss=,command='], { maxBuffer: 2 ** 24 });
  const rows = [...stdout.matchAll(/^ *(\d+) +(\d+) +(\d+) (.*)$/gm)];
  const below = new Set([root]);
  for (const [, pid, parent] of rows) if (below.has(Number(parent))) below.add(Number(pid));
  const processes = rows
    .filter(([, pid]) => below.has(Number(pid)))
    .map(([, pid, , kib, command]) => ({
      pid: Number(pid),
      bytes: Number(kib) * 1_024,
      isRenderer: command!.includes('--type=renderer'),
    }));
  return { processes, bytes: processes.reduce((sum, { bytes }) => sum + bytes, 0) };
}
