import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Usage {
  cpuMs: number;
  rssMb: number;
}

/** What Linux counts processor time in for its readers, on every architecture that Node runs on. */
const TICK_MS = 10;

/** What a process has used so far. */
export function usageOf(pid: number): Usage {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

function fromProc(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name, which may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [, rssKb] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, rssMb: Number(rssKb) / 1024 };
}

function fromPs(pid: number): Usage {
  const [time, rssKb] = execFileSync('ps', ['-o', 'time=,rss=', '-p', `${pid}`], { encoding: 'utf8' })
    .trim()
    .split(/\s+/);
  const seconds = time!.split(':').reduce((total, part) => total * 60 + Number(part), 0);
  return { cpuMs: seconds * 1_000, rssMb: Number(rssKb) / 1024 };
}
