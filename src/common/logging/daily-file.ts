import { mkdirSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import SonicBoom from 'sonic-boom';

export interface DailyFileOptions {
  dir: string;
  fileMaxBytes: number;
  keepFiles: number;
  now?: () => Date;
}

const PREFIX = 'operator_backend-';

/**
 * Writes lines to `operator_backend-YYYY-MM-DD.log` (UTC). A full file is set aside as `….N.log`; beyond
 * `keepFiles` the oldest are deleted.
 */
export class DailyFile {
  private readonly file: SonicBoom;
  private readonly now: () => Date;
  private day: string;
  private bytes: number;

  constructor(private readonly options: DailyFileOptions) {
    this.now = options.now ?? (() => new Date());
    this.day = this.today();
    mkdirSync(options.dir, { recursive: true });
    this.bytes = sizeOf(this.path());
    this.file = new SonicBoom({ dest: this.path(), append: true, sync: false });
    this.prune();
  }

  write(line: string): void {
    const today = this.today();
    if (today !== this.day) this.start(today);
    else if (this.bytes >= this.options.fileMaxBytes) this.setAside();
    this.bytes += Buffer.byteLength(line);
    this.file.write(line);
  }

  /** Puts what is buffered on disk, now. */
  flushSync(): void {
    this.file.flushSync();
  }

  private start(day: string): void {
    this.file.flushSync();
    this.day = day;
    this.bytes = sizeOf(this.path());
    this.file.reopen(this.path());
    this.prune();
  }

  private setAside(): void {
    this.file.flushSync();
    const taken = this.files().filter((name) => name.startsWith(`${PREFIX}${this.day}.`)).length;
    renameSync(this.path(), join(this.options.dir, `${PREFIX}${this.day}.${taken}.log`));
    this.start(this.day);
  }

  private prune(): void {
    const surplus = this.files().length - this.options.keepFiles;
    for (const name of this.files().slice(0, Math.max(0, surplus))) unlinkSync(join(this.options.dir, name));
  }

  /** Oldest first. */
  private files(): string[] {
    const order = (name: string) => {
      const [, day, part] = /-(\d{4}-\d\d-\d\d)(?:\.(\d+))?\.log$/.exec(name) ?? [];
      return `${day} ${(part ?? '999999').padStart(6, '0')}`;
    };
    return readdirSync(this.options.dir)
      .filter((name) => /^operator_backend-\d{4}-\d\d-\d\d(\.\d+)?\.log$/.test(name))
      .sort((a, b) => order(a).localeCompare(order(b)));
  }

  private path = (): string => join(this.options.dir, `${PREFIX}${this.day}.log`);
  private today = (): string => this.now().toISOString().slice(0, 10);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
