import type { DataSource, QueryRunner } from 'typeorm';
import type { DatabaseObserver } from './database-observer';
import { isSerializationFailure, toDatabaseError } from './database.errors';
import type { SnapshotSql, Sql, SqlQuery, SqlValue } from './sql';
import { UnitOfWork } from './unit-of-work';

const ATTEMPTS = 3;

/** A plain transaction each, on a connection of the pool. */
export class PostgresUnitOfWork extends UnitOfWork {
  readonly isExclusive = false;

  constructor(
    private readonly dataSource: DataSource,
    observer: DatabaseObserver,
  ) {
    super(observer);
  }

  protected async transact<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(work);
      } catch (error) {
        if (attempt === ATTEMPTS || !isSerializationFailure(error)) throw toDatabaseError(error);
      }
    }
  }

  private async once<T>(work: () => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      const afterCommit: (() => void)[] = [];
      const inside = { sql: new PostgresSql(runner), entities: runner.manager, afterCommit };
      const result = await this.inside(inside, work);
      await runner.commitTransaction();
      for (const tell of afterCommit) tell();
      return result;
    } catch (error) {
      // The connection may be what failed: the first error is the one to report.
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
      throw error;
    } finally {
      await runner.release();
    }
  }
}

export class PostgresSql implements Sql {
  constructor(private readonly runner: Pick<QueryRunner, 'query'>) {}

  async all<Row>(statement: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    const result: unknown = await this.runner.query(numbered(statement), [...values]);
    // TypeORM answers an UPDATE or DELETE that returns rows with [rows, count].
    const isPair = Array.isArray(result) && Array.isArray(result[0]) && typeof result[1] === 'number';
    return (isPair ? result[0] : result) as Row[];
  }
  async get<Row>(statement: string, values: readonly SqlValue[] = []): Promise<Row | undefined> {
    return (await this.all<Row>(statement, values))[0];
  }
  async run(statement: string, values: readonly SqlValue[] = []): Promise<number> {
    const { affected } = (await this.runner.query(numbered(statement), [...values], true)) as { affected?: number };
    return affected ?? 0;
  }
}

/** Outside of any unit of work: each statement on whatever connection is free. */
export class PostgresReads extends PostgresSql implements SnapshotSql {
  constructor(private readonly dataSource: DataSource) {
    super({ query: (statement: string, values?: unknown[]) => dataSource.query(statement, values) });
  }

  async snapshot(queries: readonly SqlQuery[]): Promise<unknown[][]> {
    return this.dataSource.transaction('REPEATABLE READ', async ({ queryRunner }) => {
      const sql = new PostgresSql(queryRunner!);
      const rows: unknown[][] = [];
      for (const { statement, values } of queries) rows.push(await sql.all(statement, values));
      return rows;
    });
  }
}

const numberedStatements = new Map<string, string>();

/** `? ?` → `$1 $2`. Statements are constants of the code, so the cache is as bounded as they are. */
function numbered(statement: string): string {
  let result = numberedStatements.get(statement);
  if (!result) {
    let count = 0;
    result = statement.replace(/\?/g, () => `$${++count}`);
    numberedStatements.set(statement, result);
  }
  return result;
}
