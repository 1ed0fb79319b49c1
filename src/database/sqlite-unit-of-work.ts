import { AsyncResource } from 'node:async_hooks';
import { setImmediate as nextRound, setTimeout as sleep } from 'node:timers/promises';
import type { OnApplicationShutdown } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { Config } from '../config/config';
import type { DatabaseObserver } from './database-observer';
import { DatabaseBusyError, DatabaseUnavailableError, driverCode, toDatabaseError } from './database.errors';
import { SqliteSql, sqliteConnection } from './sqlite';
import { type Transaction, UnitOfWork } from './unit-of-work';
import { WriteAheadLog } from './write-ahead-log';

interface Unit {
  work: () => Promise<unknown>;
  afterCommit: (() => void)[];
  outcome?: { value: unknown } | { error: unknown };
  settle: (unit: Unit) => void;
}

const BATCH_MAX = 64;
/** The event loop stands still for a transaction: after that it takes nobody more in. */
const BATCH_MS = 5;
const QUEUE_MAX = 10_000;
const BUSY_RETRY_MS = 20;

/**
 * Group commit on SQLite's one writing connection: what is waiting runs one after the other in a single transaction,
 * each unit in a savepoint of its own, and is acknowledged after the one flush. Sixteen turns share a disk flush.
 */
export class SqliteUnitOfWork extends UnitOfWork implements OnApplicationShutdown {
  /** `SqliteLock` sees to it. */
  readonly isExclusive = true;
  private readonly busyTimeoutMs: number;
  private readonly sqlite: SqliteSql;
  private readonly log: WriteAheadLog;
  private readonly transaction: Pick<Transaction, 'sql' | 'entities'>;
  private queue: Unit[] = [];
  private isDraining = false;

  constructor(dataSource: DataSource, { busyTimeoutMs, synchronous }: Config['database'], observer: DatabaseObserver) {
    super(observer);
    this.busyTimeoutMs = busyTimeoutMs;
    this.sqlite = new SqliteSql(sqliteConnection(dataSource));
    this.log = new WriteAheadLog(this.sqlite.connection, synchronous === 'full');
    this.transaction = { sql: this.sqlite, entities: dataSource.manager };
  }

  override get settled(): Promise<void> | null {
    return this.log.settled;
  }

  onApplicationShutdown(): Promise<void> {
    return this.log.close();
  }

  protected transact<T>(work: () => Promise<T>): Promise<T> {
    if (this.queue.length >= QUEUE_MAX) return Promise.reject(new DatabaseBusyError());
    return new Promise<T>((resolve, reject) => {
      const settle = ({ outcome }: Unit) => {
        if (outcome && 'value' in outcome) resolve(outcome.value as T);
        else reject(toDatabaseError(outcome?.error));
      };
      // Runs in the caller's asynchronous context, so that log lines keep their request.
      const caller = new AsyncResource('UnitOfWork');
      const afterCommit: Unit['afterCommit'] = [];
      const inside = () => this.inside({ ...this.transaction, afterCommit }, work);
      this.queue.push({ work: () => caller.runInAsyncScope(inside), afterCommit, settle });
      if (!this.isDraining) {
        this.isDraining = true;
        // Whatever arrives in this round of the event loop shares the first commit.
        setImmediate(() => void this.drain());
      }
    });
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const batch = this.queue.splice(0, BATCH_MAX);
      await this.commit(batch);
      for (const unit of batch) {
        if (unit.outcome && 'value' in unit.outcome) for (const tell of unit.afterCommit) tell();
        unit.settle(unit);
      }
      await this.log.keepShort();
      if (this.queue.length > 0) await nextRound();
    }
    this.isDraining = false;
  }

  /** Leaves an outcome in every unit of the batch, success only if it is on disk. */
  private async commit(batch: Unit[]): Promise<void> {
    try {
      await this.log.settled;
      await this.begin();
      await this.executeInTime(batch);
      this.sqlite.exec('COMMIT');
      await this.log.flush();
    } catch (error) {
      if (this.sqlite.connection.inTransaction) this.sqlite.exec('ROLLBACK');
      for (const unit of batch) unit.outcome = { error };
    }
  }

  /** Puts those back for which there is no time. */
  private async executeInTime(batch: Unit[]): Promise<void> {
    const until = performance.now() + BATCH_MS;
    let done = 0;
    do await this.execute(batch[done++]!);
    while (done < batch.length && performance.now() < until);
    this.queue.unshift(...batch.splice(done));
  }

  private async execute(unit: Unit): Promise<void> {
    this.sqlite.exec('SAVEPOINT unit');
    try {
      unit.outcome = { value: await unit.work() };
    } catch (error) {
      unit.outcome = { error };
      // A full disk makes SQLite undo the whole transaction, everybody's.
      if (!this.sqlite.connection.inTransaction) throw new DatabaseUnavailableError(error);
      this.sqlite.exec('ROLLBACK TO unit');
    }
    this.sqlite.exec('RELEASE unit');
  }

  /** Waits for a lock held by another process without blocking the event loop: probes must be answered meanwhile. */
  private async begin(): Promise<void> {
    const deadline = performance.now() + this.busyTimeoutMs;
    for (;;) {
      try {
        return this.sqlite.exec('BEGIN IMMEDIATE');
      } catch (error) {
        if (!driverCode(error).startsWith('SQLITE_BUSY') || performance.now() >= deadline) throw error;
        await sleep(BUSY_RETRY_MS);
      }
    }
  }
}
