import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/config';
import { dataSourceOptions } from '../../src/database/data-source-options';

/** A PostgreSQL to run the same tests on; without it they run on SQLite. */
const POSTGRES_URL = process.env.TEST_POSTGRES_URL;

export const isPostgres = POSTGRES_URL !== undefined;

export interface TestDatabase {
  /** Undefined: the default, a SQLite file in the app's own data folder. */
  url: string | undefined;
  drop(): Promise<void>;
}

/** A database of its own for one app. */
export async function createTestDatabase(): Promise<TestDatabase> {
  if (!POSTGRES_URL) return { url: undefined, drop: async () => undefined };
  const name = `operator_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(`CREATE DATABASE ${name}`);
  const url = new URL(POSTGRES_URL);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdmin(`DROP DATABASE ${name} WITH (FORCE)`) };
}

/** Brings a PostgreSQL database up to date, as `npm run migration:run` does. */
export async function migrate(url: string): Promise<void> {
  const { database } = loadConfig({ DATABASE_URL: url });
  const dataSource = await new DataSource(dataSourceOptions(database)).initialize();
  await dataSource.runMigrations();
  await dataSource.destroy();
}

async function asAdmin(statement: string): Promise<void> {
  const client = new Client({ connectionString: POSTGRES_URL });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
