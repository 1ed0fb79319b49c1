import { type Process, commandOf, names, runningProcesses } from './proc';

const LOOK_MS = 250;

/**
 * A process and all that comes of it, also what has lost its parents. It is recognised by who its parent was when it was
 * last seen, by its process group, or because its command line or environment names the folder that only this family has.
 */
export class Family {
  private known: Set<string>;
  private groups = new Set<number>();
  private readonly looking = setInterval(() => this.look(), LOOK_MS).unref();

  constructor(
    root: number,
    private readonly folder: string,
  ) {
    const eldest = runningProcesses().filter(({ pid }) => pid === root);
    this.known = new Set(eldest.map(idOf));
  }

  /** Those who live. */
  look(isThorough = false): Process[] {
    const all = runningProcesses();
    const ours = new Map(all.filter((one) => this.isOurs(one, isThorough)).map((one) => [one.pid, one]));
    for (let before = -1; before < ours.size;) {
      before = ours.size;
      for (const one of all) if (ours.has(one.parent)) ours.set(one.pid, one);
    }
    const living = [...ours.values()];
    this.known = new Set(living.map(idOf));
    // A group that nobody of ours leads or was seen in is not ours any more: its number may be given to others.
    const led = living.filter(({ pid, group }) => pid === group || this.groups.has(group));
    this.groups = new Set(led.map(({ group }) => group));
    return living;
  }

  /** Says what is left, ends it, and looks no more. */
  end(): string[] {
    clearInterval(this.looking);
    const left = this.look(true);
    const described = left.map(({ pid }) => `${pid} ${commandOf(pid).slice(0, 120)}`);
    for (const { pid } of left) kill(pid);
    return described;
  }

  private isOurs(one: Process, isThorough: boolean): boolean {
    const isKin = this.known.has(idOf(one)) || this.groups.has(one.group);
    return isKin || (isThorough && names(one.pid, this.folder));
  }
}

const idOf = ({ pid, startedAt }: Process): string => `${pid} ${startedAt}`;

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
