import fs, { mkdirSync, mkdtempSync, renameSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import Sqlite, { type Database } from 'better-sqlite3';
import { WriteAheadLog } from '../../src/database/write-ahead-log';

const MIB = 1024 * 1024;

describe(WriteAheadLog.name, () => {
  let folder: string;
  let file: string;
  let connection: Database;
  let log: WriteAheadLog;
  const open = (isFlushed: boolean) => {
    connection = new Sqlite(file);
    connection.pragma('journal_mode = WAL');
    connection.exec('CREATE TABLE IF NOT EXISTS note (text)');
    log = new WriteAheadLog(connection, isFlushed);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'operator-log-'));
    file = join(folder, 'notes.db');
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await log.close();
    connection.close();
    rmSync(folder, { recursive: true });
  });

  const logBytes = () => statSync(`${file}-wal`).size;
  /** A megabyte in each commit. */
  const write = async (commits: number): Promise<number> => {
    let longest = 0;
    for (let n = 0; n < commits; n++) {
      connection.prepare('INSERT INTO note VALUES (?)').run('x'.repeat(MIB));
      await log.flush();
      await log.keepShort();
      longest = Math.max(longest, logBytes());
    }
    return longest;
  };

  it('is carried over into the database before it is long', async () => {
    open(true);
    const longest = await write(30);
    expect(longest).toBeLessThan(7 * MIB);
    expect(statSync(file).size).toBeGreaterThan(20 * MIB);
    expect(connection.prepare('SELECT COUNT(*) FROM note').pluck().get()).toBe(30);
  });

  it('grows while a reader stays at an old state, and is short again after that', async () => {
    open(true);
    const reader = new Sqlite(file, { readonly: true });
    reader.exec('BEGIN');
    reader.prepare('SELECT COUNT(*) FROM note').get();
    expect(await write(10)).toBeGreaterThan(9 * MIB);
    reader.exec('COMMIT');
    await write(2);
    expect(logBytes()).toBeLessThan(7 * MIB);
    reader.close();
  });

  it('is settled, but for the time of a flush', async () => {
    open(true);
    expect(log.settled).toBeNull();
    connection.exec("INSERT INTO note VALUES ('a')");
    const flush = log.flush();
    expect(log.settled).toBeInstanceOf(Promise);
    await flush;
    expect(log.settled).toBeNull();
  });

  it('never is again after a flush that failed', async () => {
    open(true);
    const error = new Error('EIO');
    const fatal = jest.spyOn(Logger.prototype, 'fatal').mockImplementation();
    jest.spyOn(fs, 'fdatasync').mockImplementationOnce((_descriptor, done) => done(error));
    await expect(log.flush()).rejects.toMatchObject({ code: 'database_unavailable', cause: error });
    await expect(log.settled).rejects.toMatchObject({ cause: error });
    expect(fatal).toHaveBeenCalledWith({ event: 'database:flush_failed', err: error });
  });

  it('is not flushed for those who do not want it', async () => {
    open(false);
    const flush = jest.spyOn(fs, 'fdatasync');
    expect(await write(6)).toBeLessThan(7 * MIB);
    expect(flush).not.toHaveBeenCalled();
  });

  it('goes on, and says so, while it cannot be carried over', async () => {
    open(true);
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation();
    renameSync(file, `${file}.away`);
    mkdirSync(file);
    expect(await write(6)).toBeGreaterThan(5 * MIB);
    expect(warn).toHaveBeenCalledWith({
      event: 'database:checkpoint_failed',
      failure: expect.stringMatching(/unable/),
    });

    rmdirSync(file);
    renameSync(`${file}.away`, file);
    await write(2);
    expect(logBytes()).toBeLessThan(7 * MIB);
  });
});
