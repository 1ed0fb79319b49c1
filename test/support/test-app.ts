import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { LoggerService } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { DataSource } from 'typeorm';
import { AppModule } from '../../src/app.module';
import { setupApp } from '../../src/app.setup';
import { lookUp } from '../../src/browser/egress/dial';
import { EGRESS_RESOLVER } from '../../src/browser/egress/egress.service';
import { WORKER_PROGRAM } from '../../src/browser/playwright/playwright.engine';
import { CONFIG, type Config, loadConfig } from '../../src/config/config';
import { UnitOfWork } from '../../src/database/unit-of-work';
import { createTestDatabase, isPostgres, migrate } from './database';

export const TOKEN = 'test-token-0123456789';
export const AUTH = { 'X-VX11-Token': TOKEN };

/** Environment variables as the test wants them; what is left out has its default. */
export type TestEnv = Record<string, string | undefined>;

export interface TestApp {
  app: NestExpressApplication;
  url: string;
  dataDir: string;
  /** Requests with a valid token. */
  get(path: string): request.Test;
  post(path: string, body?: object | string): request.Test;
  delete(path: string): request.Test;
  /** A chat turn in one line. */
  chat(body: object, headers?: Record<string, string>): request.Test;
  /** Rows as they are in the database, whichever it is. */
  rows<Row = Record<string, unknown>>(sql: string): Promise<Row[]>;
  close(): Promise<void>;
}

/** As it was built: `npm test` sees to that. */
const WORKER = join(__dirname, '../../dist/src/browser/playwright/worker.js');

export interface TestOptions {
  logger?: (config: Config) => LoggerService;
  /** What a page's host names mean. */
  resolve?: (name: string) => Promise<string[]>;
}

/** The real application on a database of its own, listening on a port of its own; only upstreams are fakes. */
export async function createTestApp(env: TestEnv = {}, { logger, resolve }: TestOptions = {}): Promise<TestApp> {
  const dataDir = env.DATA_DIR ?? mkdtempSync(join(tmpdir(), 'operator-test-'));
  const database = env.DATABASE_URL
    ? { url: env.DATABASE_URL, drop: async () => undefined }
    : await createTestDatabase();
  const config = loadConfig({
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    VX11_OPERATOR_TOKEN: TOKEN,
    DRAIN_TIMEOUT_MS: '2000',
    // Tests are in a hurry.
    RATE_LIMIT_POSTS: '0',
    ...env,
  });
  if (isPostgres) await migrate(config.database.url);

  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(CONFIG)
    .useValue(config)
    .overrideProvider(WORKER_PROGRAM)
    .useValue(WORKER)
    .overrideProvider(EGRESS_RESOLVER)
    .useValue(resolve ?? lookUp)
    .compile();
  const app = module.createNestApplication<NestExpressApplication>({
    bodyParser: false,
    logger: logger?.(config) ?? (process.env.SHOW_LOGS ? undefined : false),
  });
  await setupApp(app).listen(0, '127.0.0.1');
  const url = await app.getUrl();

  return {
    app,
    url,
    dataDir,
    get: (path) => request(url).get(path).set(AUTH),
    post: (path, body) => request(url).post(path).set(AUTH).type('json').send(body),
    delete: (path) => request(url).delete(path).set(AUTH),
    chat: (body, headers = {}) => request(url).post('/operator/chat').set(AUTH).set(headers).send(body),
    rows: async (sql) => {
      const rows = await app.get(DataSource).query(sql);
      // What is committed is acknowledged a flush later, and then who wrote it goes on.
      await app.get(UnitOfWork).settled;
      await setImmediate();
      return rows;
    },
    close: async () => {
      await app.close();
      await database.drop();
      if (!env.DATA_DIR) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
