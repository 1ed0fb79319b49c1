import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/config';
import { dataSourceOptions } from '../../src/database/data-source-options';

export interface BenchDatabase {
  url: string;
  query(statement: string): Promise<void>;
  drop(): Promise<void>;
}

/** A PostgreSQL database of its own beside the one that `url` leads to, with the service's tables in it. */
export async function createPostgres(url: string): Promise<BenchDatabase> {
  const name = `operator_bench_${randomBytes(6).toString('hex')}`;
  await run(url, `CREATE DATABASE ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  const database: BenchDatabase = {
    url: own.href,
    query: (statement) => run(own.href, statement),
    drop: () => run(url, `DROP DATABASE ${name} WITH (FORCE)`),
  };
  try {
    const dataSource = new DataSource(dataSourceOptions(loadConfig({ DATABASE_URL: own.href }).database));
    await dataSource.initialize();
    await dataSource.runMigrations();
    await dataSource.destroy();
    return database;
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function run(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
