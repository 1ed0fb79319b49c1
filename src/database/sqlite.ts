import type { Database, Statement } from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import type { SnapshotSql, SqlQuery, SqlValue } from './sql';

/** Statements on a better-sqlite3 connection, each prepared once. */
export class SqliteSql implements SnapshotSql {
  private readonly statements = new Map<string, Statement>();

  constructor(readonly connection: Database) {}

  async all<Row>(statement: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    return this.prepare(statement).all(...values) as Row[];
  }
  async get<Row>(statement: string, values: readonly SqlValue[] = []): Promise<Row | undefined> {
    return this.prepare(statement).get(...values) as Row | undefined;
  }
  async run(statement: string, values: readonly SqlValue[] = []): Promise<number> {
    return this.prepare(statement).run(...values).changes;
  }

  /** Nothing else runs on the connection meanwhile: the queries do not yield. */
  async snapshot(queries: readonly SqlQuery[]): Promise<unknown[][]> {
    return this.connection.transaction(() =>
      queries.map(({ statement, values }) => this.prepare(statement).all(...values)),
    )();
  }

  /** For statements that must not yield, such as those around a transaction. */
  exec(statement: string): void {
    this.prepare(statement).run();
  }

  private prepare(statement: string): Statement {
    let prepared = this.statements.get(statement);
    if (!prepared) {
      prepared = this.connection.prepare(statement);
      this.statements.set(statement, prepared);
    }
    return prepared;
  }
}

/** The driver's own connection behind a TypeORM data source. */
export const sqliteConnection = (dataSource: DataSource): Database =>
  (dataSource.driver as unknown as { databaseConnection: Database }).databaseConnection;
