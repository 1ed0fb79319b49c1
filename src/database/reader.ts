import type { DataSource, EntityManager } from 'typeorm';
import type { DatabaseObserver } from './database-observer';
import type { SnapshotSql, Sql, SqlQuery } from './sql';
import { toDatabaseError } from './database.errors';
import type { UnitOfWork } from './unit-of-work';

/**
 * Reads of committed rows only. On SQLite a connection of its own on the same file: on the writing one a read would
 * see what an open transaction may still undo. Inside a unit of work it reads what the unit itself sees.
 */
export class Reader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly statements: SnapshotSql,
    private readonly unitOfWork: UnitOfWork,
    private readonly observer: DatabaseObserver,
  ) {}

  /** Else it is SQLite, whose statements run on the event loop. */
  get isPostgres(): boolean {
    return this.dataSource.options.type === 'postgres';
  }

  /** Runs a read with the ORM. */
  async entities<T>(read: (entities: EntityManager) => Promise<T>): Promise<T> {
    return this.guarded(() => read(this.unitOfWork.find()?.entities ?? this.dataSource.manager));
  }

  /** Runs a read with prepared statements. */
  async sql<T>(read: (sql: Sql) => Promise<T>): Promise<T> {
    return this.guarded(() => read(this.unitOfWork.find()?.sql ?? this.statements));
  }

  /** The rows of several queries on one and the same state of the database. Not for use inside a unit of work. */
  async snapshot(queries: readonly SqlQuery[]): Promise<unknown[][]> {
    return this.guarded(() => this.statements.snapshot(queries));
  }

  private async guarded<T>(read: () => Promise<T>): Promise<T> {
    try {
      // What a unit of work reads is part of it.
      if (this.unitOfWork.find()) return await read();
      const found = await this.observer.read(read);
      // Whoever is told of it may rely on it.
      await this.unitOfWork.settled;
      return found;
    } catch (error) {
      throw toDatabaseError(error);
    }
  }
}
