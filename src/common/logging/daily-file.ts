import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface DailyFileOptions {
  dir: string;
  fileMaxBytes: number;
  keepFiles: number;
  now?: () => Date;
}

const NAME = /^operator_backend-(\d{4}-\d\d-\d\d)(?:\.(\d+))?\.log$/;

/**
 * Writes lines to `operator_backend-YYYY-MM-DD.log` (UTC). A full file is set aside as `….N.log`; beyond
 * `keepFiles` the oldest are deleted.
 *
 * A line is in the file when `write` returns: however the process ends, its last words are there. What cannot be
 * written is lost here, with one warning, and harms nobody who logs.
 */
export class DailyFile {
  private readonly now: () => Date;
  private day: string;
  private fd: number;
  private bytes: number;
  private isLineOpen = false;
  private hasWarned = false;

  constructor(private readonly options: DailyFileOptions) {
    this.now = options.now ?? (() => new Date());
    mkdirSync(options.dir, { recursive: true });
    this.open(this.today());
  }

  write(line: string): void {
    this.attempt(() => this.rollOver());
    this.attempt(() => this.append(this.isLineOpen ? `\n${line}` : line));
  }

  private rollOver(): void {
    const today = this.today();
    if (today !== this.day) this.goOnIn(today);
    else if (this.bytes >= this.options.fileMaxBytes) this.setAside();
  }

  private append(text: string): void {
    let rest = Buffer.from(text);
    this.bytes += rest.length;
    while (rest.length > 0) {
      const written = writeSync(this.fd, rest);
      this.isLineOpen = written < rest.length;
      rest = rest.subarray(written);
    }
  }

  private open(day: string): void {
    const fd = openSync(join(this.options.dir, `operator_backend-${day}.log`), 'a');
    this.bytes = fstatSync(fd).size;
    this.fd = fd;
    this.day = day;
    this.isLineOpen = false;
    this.prune();
  }

  private goOnIn(day: string): void {
    const full = this.fd;
    this.open(day);
    closeSync(full);
  }

  private setAside(): void {
    const parts = this.files().filter(({ day, part }) => day === this.day && part !== Infinity);
    const next = (parts.at(-1)?.part ?? 0) + 1;
    const path = join(this.options.dir, `operator_backend-${this.day}`);
    try {
      renameSync(`${path}.log`, `${path}.${next}.log`);
    } catch (error) {
      // Somebody has tidied up.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    this.goOnIn(this.day);
  }

  private prune(): void {
    const files = this.files();
    const surplus = files.slice(0, Math.max(0, files.length - this.options.keepFiles));
    for (const { name } of surplus) unlinkSync(join(this.options.dir, name));
  }

  /** Oldest first; the one that a day's lines go to is its last. */
  private files(): { name: string; day: string; part: number }[] {
    return readdirSync(this.options.dir)
      .flatMap((name) => {
        const [, day, part] = NAME.exec(name) ?? [];
        return day ? [{ name, day, part: part ? Number(part) : Infinity }] : [];
      })
      .sort((a, b) => (a.day === b.day ? a.part - b.part : a.day < b.day ? -1 : 1));
  }

  private attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!this.hasWarned) process.emitWarning(`Lines are missing in LOG_DIR: ${(error as Error).message}`);
      this.hasWarned = true;
    }
  }

  private today = (): string => this.now().toISOString().slice(0, 10);
}
