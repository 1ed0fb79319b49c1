import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Inject, Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import Sqlite, { type Database } from 'better-sqlite3';
import { CONFIG, type Config, InvalidConfigError } from '../config/config';
import { sqliteFile } from './data-source-options';

/**
 * Keeps a SQLite database for this process alone, by a lock the kernel gives back however the process ends. So a turn
 * found running at start belongs to nobody, and two instances never answer one session at once.
 */
@Injectable()
export class SqliteLock implements OnApplicationShutdown {
  private readonly lock: Database | null;

  constructor(@Inject(CONFIG) { database }: Config) {
    const file = sqliteFile(database.url);
    this.lock = file ? acquire(file) : null;
  }

  onApplicationShutdown(): void {
    this.lock?.close();
  }
}

@Module({ providers: [SqliteLock], exports: [SqliteLock] })
export class SqliteLockModule {}

function acquire(file: string): Database {
  // What people said is nobody else's on this machine.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const lock = new Sqlite(`${file}.lock`, { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    throw new InvalidConfigError(`DATABASE_URL: got "sqlite:${file}", which another running Operator uses`, {
      cause: error,
    });
  }
}
