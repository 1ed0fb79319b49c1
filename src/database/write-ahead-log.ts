import { closeSync, fdatasync, fstatSync, openSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { Logger } from '@nestjs/common';
import type { Database } from 'better-sqlite3';
import { DatabaseUnavailableError } from './database.errors';

/** Bytes of log from which on it is carried over into the database. SQLite's own measure is a thousand pages. */
const LENGTH = 4 * 1024 * 1024;
const HEAP_MB = 16;

/** A text, because a thread cannot begin in a file that is still TypeScript. */
const CHECKPOINTER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Sqlite = require(workerData.driver);
  let connection;
  parentPort.on('message', () => {
    try {
      connection ??= new Sqlite(workerData.file, { fileMustExist: true });
      connection.pragma('wal_checkpoint(PASSIVE)');
      parentPort.postMessage(null);
    } catch (error) {
      parentPort.postMessage(String(error));
    }
  });`;

/**
 * The file that SQLite appends to when it commits. All that waits for the disk happens here, beside the event loop: in a
 * commit of SQLite's own it would stand still, and every live stream with it, for as long as the disk takes.
 */
export class WriteAheadLog {
  private readonly logger = new Logger('Database');
  private descriptor: number | null;
  private flushing: Promise<void> | null = null;
  private checkpointer: Worker | null = null;
  private answered: (failure: string | null) => void = () => undefined;

  /** `isFlushed`: whether a commit is to outlast a power cut. */
  constructor(
    private readonly connection: Database,
    private readonly isFlushed: boolean,
  ) {
    connection.pragma('synchronous = NORMAL');
    connection.pragma('wal_autocheckpoint = 0');
    connection.pragma(`journal_size_limit = ${LENGTH}`);
    // Of what savepoints may have to undo; in files, one is made for almost every transaction.
    connection.pragma('temp_store = MEMORY');
    // Whoever reads first opens the log.
    connection.prepare('SELECT 1 FROM sqlite_schema').get();
    this.descriptor = openSync(`${connection.name}-wal`, 'r+');
  }

  /**
   * Until everything that is committed is on the disk; null when it is. Rejects for good once the disk has failed to take
   * something: what comes after it in the log would be lost with it.
   */
  get settled(): Promise<void> | null {
    return this.flushing;
  }

  /** @throws DatabaseUnavailableError */
  async flush(): Promise<void> {
    if (!this.isFlushed) return;
    this.flushing = this.flushNow();
    await this.flushing;
  }

  /** Carries it over into the database once it is long. Who writes next waits for that: so it has a limit. */
  async keepShort(): Promise<void> {
    if (this.descriptor === null) return;
    const { size } = fstatSync(this.descriptor);
    // A thread takes a while to begin, and nobody should have to wait for that.
    if (size > LENGTH / 4) this.checkpointer ??= this.startCheckpointer();
    if (size <= LENGTH) return;
    const failure = await this.checkpoint();
    // It stays long, and is tried again after the next batch.
    if (failure) this.logger.warn({ event: 'database:checkpoint_failed', failure });
  }

  async close(): Promise<void> {
    await this.checkpointer?.terminate();
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
  }

  private async flushNow(): Promise<void> {
    try {
      await toDisk(this.descriptor!);
    } catch (error) {
      this.logger.fatal({ event: 'database:flush_failed', err: error });
      throw new DatabaseUnavailableError(error);
    }
    this.flushing = null;
  }

  /** Resolves with why it failed, or null. */
  private checkpoint(): Promise<string | null> {
    return new Promise((resolve) => {
      this.answered = resolve;
      this.checkpointer ??= this.startCheckpointer();
      this.checkpointer.postMessage(null);
    });
  }

  private startCheckpointer(): Worker {
    const workerData = { driver: require.resolve('better-sqlite3'), file: this.connection.name };
    const resourceLimits = { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: HEAP_MB };
    const worker = new Worker(CHECKPOINTER, { eval: true, execArgv: [], workerData, resourceLimits });
    worker.unref();
    worker.on('message', (failure: string | null) => this.answered(failure));
    worker.on('error', (error) => this.answered(String(error)));
    worker.on('exit', () => {
      this.checkpointer = null;
      this.answered(null);
    });
    return worker;
  }
}

const toDisk = (descriptor: number): Promise<void> =>
  new Promise((resolve, reject) => fdatasync(descriptor, (error) => (error ? reject(error) : resolve())));
