import type { Database } from 'better-sqlite3';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from '../config/config';
import { migrations } from './migration-list';
import { PostgresClient } from './postgres-client';
import { SnakeNamingStrategy } from './snake-naming.strategy';

/** How long a read may block the event loop on a lock; writes wait without blocking, see `SqliteUnitOfWork`. */
const READ_BUSY_TIMEOUT_MS = 50;

/** The file of a `sqlite:` URL, or null for PostgreSQL. */
export const sqliteFile = (url: string): string | null =>
  url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : null;

/** SQLite on one machine, PostgreSQL on several; the URL's scheme decides. */
export function dataSourceOptions({ url, busyTimeoutMs, pool }: Config['database']): DataSourceOptions {
  const shared = {
    namingStrategy: new SnakeNamingStrategy(),
    migrations,
    migrationsTableName: 'operator_migration',
    synchronize: false,
  };
  const file = sqliteFile(url);
  if (file) {
    return {
      ...shared,
      type: 'better-sqlite3',
      database: file,
      timeout: 0,
      enableWAL: true,
      migrationsRun: true,
      prepareDatabase: (connection: Database) => {
        // SQLite's own knows ASCII only, and people search in every script.
        connection.function('lower', { deterministic: true }, (value: unknown) =>
          typeof value === 'string' ? value.toLowerCase() : value,
        );
      },
    };
  }
  return {
    ...shared,
    type: 'postgres',
    url,
    migrationsRun: false,
    poolSize: pool,
    connectTimeoutMS: busyTimeoutMs,
    extra: { Client: PostgresClient, statement_timeout: busyTimeoutMs * 2, lock_timeout: busyTimeoutMs },
  };
}

/** A second connection to the same SQLite file, which cannot write. */
export function readOnlyOptions(
  options: DataSourceOptions,
  entities: DataSourceOptions['entities'],
): DataSourceOptions {
  return {
    ...options,
    entities,
    readonly: true,
    enableWAL: false,
    migrationsRun: false,
    timeout: READ_BUSY_TIMEOUT_MS,
  } as DataSourceOptions;
}
