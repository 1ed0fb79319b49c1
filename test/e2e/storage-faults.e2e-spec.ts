import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs, { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { isPostgres } from '../support/database';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

describe('Storage faults', () => {
  let upstream: FakeSwitch;
  beforeAll(async () => {
    upstream = await FakeSwitch.start();
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
    upstream.calls.length = 0;
  });
  afterAll(() => upstream.stop());

  describe('a database that another process locks', () => {
    let operator: TestApp;
    afterEach(() => operator.close());

    it('makes requests wait, and probes not', async () => {
      operator = await createTestApp({ SWITCH_URL: upstream.url });
      const lock = await lockDatabase(operator, 3_000);
      const lockedAt = Date.now();
      const chats = Array.from({ length: 5 }, (_, n) =>
        operator.chat({ message: `m${n}`, session_id: `waits-${n % 2}` }).then(),
      );
      const waits: number[] = [];
      while (Date.now() - lockedAt < 2_000) {
        const askedAt = performance.now();
        await operator.get('/health/live').expect(200);
        waits.push(performance.now() - askedAt);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(upstream.chats).toEqual([]);
      waits.sort((a, b) => a - b);
      expect(waits[Math.floor(waits.length * 0.9)]).toBeLessThan(100);
      expect(waits.at(-1)).toBeLessThan(1_000);

      await lock.released;
      expect((await Promise.all(chats)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    });

    it('is a 503 for those who have waited long enough, who have stored nothing', async () => {
      operator = await createTestApp({ SWITCH_URL: upstream.url, DATABASE_BUSY_TIMEOUT_MS: '300' });
      const lock = await lockDatabase(operator, 1_500);
      const { body, headers } = await operator.chat({ message: 'hello', session_id: 'locked-out' }).expect(503);

      expect(body.error).toBe('database_busy');
      expect(headers['retry-after']).toBe('1');
      await lock.released;
      await operator.get('/operator/session/locked-out').expect(404);
      expect(upstream.chats).toEqual([]);
    });
  });

  (isPostgres ? describe.skip : describe)('a slow disk', () => {
    let operator: TestApp;
    let release: () => void;
    const slowDown = () => {
      const released = new Promise<void>((resolve) => (release = resolve));
      const flush = fs.fdatasync;
      const slow = (descriptor: number, done: fs.NoParamCallback) => void released.then(() => flush(descriptor, done));
      jest.spyOn(fs, 'fdatasync').mockImplementation(slow);
    };
    const isCommitted = async () =>
      (await operator.app.get(DataSource).query('SELECT 1 FROM operator_turn')).length > 0;
    beforeEach(async () => {
      operator = await createTestApp({ SWITCH_URL: upstream.url });
    });
    afterEach(async () => {
      release();
      jest.restoreAllMocks();
      await operator.close();
    });

    it('has nothing acknowledged or shown that a power cut could take, and holds nobody else up', async () => {
      slowDown();
      const told: string[] = [];
      const chat = operator.chat({ message: 'hello', session_id: 'slow' }).then(() => told.push('the answer'));
      await until(isCommitted);
      const read = operator.get('/operator/session/slow').then(() => told.push('a reader'));
      for (let n = 0; n < 20; n++) await operator.get('/health/live').expect(200);
      expect(upstream.chats).toEqual([]);
      expect(told).toEqual([]);

      release();
      await Promise.all([chat, read]);
      expect(told.sort()).toEqual(['a reader', 'the answer']);
    });

    it('has the next commits wait together', async () => {
      slowDown();
      const chats = [0, 1, 2, 3].map((n) => operator.chat({ message: 'hello', session_id: `slow-${n}` }).then());
      await until(isCommitted);
      release();
      expect((await Promise.all(chats)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    });
  });

  (isPostgres ? describe.skip : describe)('a disk that fails to take something', () => {
    let dataDir: string;
    beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'operator-test-'))));
    afterEach(() => {
      jest.restoreAllMocks();
      rmSync(dataDir, { recursive: true });
    });

    it('is not trusted again until the next start, which goes by what is there', async () => {
      const env = { DATA_DIR: dataDir, SWITCH_URL: upstream.url };
      let operator = await createTestApp(env);
      await operator.chat({ message: 'before', session_id: 'failing' }).expect(200);
      const error = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
      jest.spyOn(fs, 'fdatasync').mockImplementationOnce((_descriptor, done) => done(error));
      const { body } = await operator.chat({ message: 'lost?', session_id: 'failing' }).expect(503);
      expect(body.error).toBe('database_unavailable');

      expect((await operator.chat({ message: 'after', session_id: 'failing' }).expect(503)).body.error).toBe(
        'database_unavailable',
      );
      expect((await operator.get('/operator/session/failing').expect(503)).body.error).toBe('database_unavailable');
      await operator.get('/health/ready').expect(503);
      expect(upstream.chats).toHaveLength(1);
      await operator.close();

      operator = await createTestApp(env);
      await operator.chat({ message: 'again', session_id: 'failing' }).expect(200);
      const { body: session } = await operator.get('/operator/session/failing').expect(200);
      const said = session.messages.map(({ content }: { content: string }) => content);
      expect(said.slice(0, 2)).toEqual(['before', 'echo: before']);
      expect(said.slice(-2)).toEqual(['again', 'echo: again']);
      await operator.close();
    });
  });

  (isPostgres ? describe.skip : describe)('a full disk', () => {
    let operator: TestApp;
    beforeAll(async () => {
      operator = await createTestApp({ SWITCH_URL: upstream.url });
    });
    afterAll(() => operator.close());

    /** What SQLite says when it cannot grow its file: the same as on a disk without space. */
    const fillDisk = () => {
      const { databaseConnection } = operator.app.get(DataSource).driver as unknown as { databaseConnection: Database };
      const pages = databaseConnection.pragma('page_count', { simple: true }) as number;
      databaseConnection.pragma(`max_page_count = ${pages}`);
      return () => void databaseConnection.pragma('max_page_count = 1000000');
    };

    it('acknowledges nothing that is not stored', async () => {
      const cleanUp = fillDisk();
      const replies = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          operator.chat({ message: 'x'.repeat(30_000), session_id: `full-${n}` }).then(),
        ),
      );
      cleanUp();

      for (const { body } of replies) expect(body).toMatchObject({ status: 503, error: 'database_unavailable' });
      expect(upstream.chats).toEqual([]);
      expect((await operator.get('/operator/sessions')).body.items).toEqual([]);
      await operator.chat({ message: 'hello', session_id: 'full-0' }).expect(200);
    });

    it('fails a turn whose answer does not fit, and runs it on later', async () => {
      let cleanUp!: () => void;
      upstream.chat = (call, response) => {
        cleanUp = fillDisk();
        return answers.text('y'.repeat(500_000))(call, response);
      };
      const key = { 'Idempotency-Key': 'does-not-fit' };
      const request = { message: 'hello', session_id: 'does-not-fit' };
      const { body } = await operator.chat(request, key).expect(503);
      expect(body).toMatchObject({ error: 'database_unavailable', session_id: 'does-not-fit' });
      cleanUp();

      upstream.chat = answers.echo;
      await operator.chat(request, key).expect(200);
      const { body: session } = await operator.get('/operator/session/does-not-fit').expect(200);
      expect(session.messages.map(({ content }: { content: string }) => content)).toEqual(['hello', 'echo: hello']);
    });
  });
});

/** Holds the one lock that keeps everybody from writing, from outside, for a while. */
async function lockDatabase(operator: TestApp, forMs: number): Promise<{ released: Promise<unknown> }> {
  const { options } = operator.app.get(DataSource);
  if (options.type === 'postgres') {
    const client = new Client({ connectionString: options.url });
    await client.connect();
    await client.query('BEGIN');
    await client.query('LOCK TABLE operator_session, operator_turn, operator_message IN ACCESS EXCLUSIVE MODE');
    const released = new Promise((resolve) => setTimeout(resolve, forMs)).then(() => client.end());
    return { released };
  }
  const script = `
    const db = new (require('better-sqlite3'))(process.argv[1]);
    db.exec('BEGIN EXCLUSIVE');
    console.log('locked');
    setTimeout(() => db.exec('COMMIT'), ${forMs});`;
  const other = spawn(process.execPath, ['-e', script, join(operator.dataDir, 'operator.db')]);
  let output = '';
  other.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await until(() => output.includes('locked'));
  return { released: once(other, 'exit') };
}
