import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DailyFile, type DailyFileOptions } from './daily-file';

const DAY = '2026-11-23';

describe(DailyFile.name, () => {
  let dir: string;
  let now: Date;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'operator-logs-'));
    now = new Date(`${DAY}T23:59:59.999Z`);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const open = (options: Partial<DailyFileOptions> = {}) =>
    new DailyFile({ dir, fileMaxBytes: 1_000, keepFiles: 100, now: () => now, ...options });
  const write = (file: DailyFile, from: number, to = from) => {
    for (let n = from; n <= to; n++) file.write(`line ${n}\n`);
  };
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('');
  const content = (name: string) => readFileSync(join(dir, `operator_backend-${name}.log`), 'utf8');

  it('writes to the file of the day', () => {
    const file = open();
    write(file, 1, 3);

    expect(readdirSync(dir)).toEqual([`operator_backend-${DAY}.log`]);
    expect(content(DAY)).toBe(lines(1, 3));
  });

  it('makes its folder, and those above it', () => {
    write(open({ dir: join(dir, 'a', 'b') }), 1);
    expect(readFileSync(join(dir, 'a', 'b', `operator_backend-${DAY}.log`), 'utf8')).toBe('line 1\n');
  });

  it('goes on in the file that it finds', () => {
    const before = open();
    write(before, 1);
    const after = open();
    write(after, 2);

    expect(content(DAY)).toBe(lines(1, 2));
  });

  it('begins another at midnight, UTC', () => {
    const file = open();
    write(file, 1, 2);
    now = new Date('2026-11-24T00:00:00.000Z');
    write(file, 3);
    now = new Date('2026-11-25T12:00:00.000Z');
    write(file, 4);

    expect(content(DAY)).toBe(lines(1, 2));
    expect(content('2026-11-24')).toBe('line 3\n');
    expect(content('2026-11-25')).toBe('line 4\n');
  });

  it('sets a full file aside and goes on', () => {
    const file = open({ fileMaxBytes: 14 });
    write(file, 1, 7);

    expect(content(`${DAY}.1`)).toBe(lines(1, 2));
    expect(content(`${DAY}.2`)).toBe(lines(3, 4));
    expect(content(`${DAY}.3`)).toBe(lines(5, 6));
    expect(content(DAY)).toBe('line 7\n');
  });

  it('counts what it found in the file, and bytes rather than characters', () => {
    writeFileSync(join(dir, `operator_backend-${DAY}.log`), 'line 0\n');
    const file = open({ fileMaxBytes: 14 });
    file.write('üüü\n');
    write(file, 1);

    expect(content(`${DAY}.1`)).toBe('line 0\nüüü\n');
    expect(content(DAY)).toBe('line 1\n');
  });

  it('keeps as many files as it may, and deletes the oldest', () => {
    for (const day of ['2026-11-01', '2026-11-02', '2026-11-03']) {
      writeFileSync(join(dir, `operator_backend-${day}.log`), day);
      writeFileSync(join(dir, `operator_backend-${day}.10.log`), day);
      writeFileSync(join(dir, `operator_backend-${day}.9.log`), day);
    }
    open({ keepFiles: 4 });
    expect(readdirSync(dir).sort()).toEqual([
      'operator_backend-2026-11-03.10.log',
      'operator_backend-2026-11-03.9.log',
      'operator_backend-2026-11-03.log',
      `operator_backend-${DAY}.log`,
    ]);
  });

  it('keeps the newest lines when one day fills more files than may be kept', () => {
    const file = open({ fileMaxBytes: 7, keepFiles: 3 });
    write(file, 1, 9);

    expect(content(`${DAY}.7`)).toBe('line 7\n');
    expect(content(`${DAY}.8`)).toBe('line 8\n');
    expect(content(DAY)).toBe('line 9\n');
    expect(readdirSync(dir)).toHaveLength(3);
  });

  it('touches no file that is not its own', () => {
    const foreign = ['notes.txt', 'operator_backend.log', 'operator_backend-2020-01-01.log.gz', 'audit-2020-01-01.log'];
    for (const name of foreign) writeFileSync(join(dir, name), name);
    const file = open({ fileMaxBytes: 7, keepFiles: 1 });
    write(file, 1, 5);

    expect(readdirSync(dir).sort()).toEqual([...foreign, `operator_backend-${DAY}.log`].sort());
    for (const name of foreign) expect(readFileSync(join(dir, name), 'utf8')).toBe(name);
  });

  it('does not mind who tidies up behind it', () => {
    const file = open({ fileMaxBytes: 7 });
    write(file, 1, 3);
    for (const name of readdirSync(dir)) unlinkSync(join(dir, name));
    write(file, 4, 5);
    expect(content(DAY)).toBe('line 5\n');
  });

  (existsSync('/dev/full') ? describe : describe.skip)('on a disk without space', () => {
    let warn: jest.SpyInstance;
    beforeEach(() => {
      warn = jest.spyOn(process, 'emitWarning').mockImplementation();
      symlinkSync('/dev/full', join(dir, `operator_backend-${DAY}.log`));
    });
    afterEach(() => warn.mockRestore());

    it('harms nobody who logs, and says so once', () => {
      const file = open();
      for (let n = 1; n <= 3; n++) {
        expect(() => write(file, n)).not.toThrow();
      }
      expect(warn.mock.calls).toEqual([[expect.stringContaining('ENOSPC')]]);
    });

    it('goes on where there is space again', () => {
      const file = open();
      write(file, 1);
      now = new Date('2026-11-24T00:00:00.000Z');
      write(file, 2);
      expect(content('2026-11-24')).toBe('line 2\n');
    });
  });
});
