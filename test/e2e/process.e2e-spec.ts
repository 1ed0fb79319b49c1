import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { createTestDatabase, isPostgres, migrate, type TestDatabase } from '../support/database';
import { OperatorProcess } from '../support/operator-process';
import { AUTH, TOKEN } from '../support/test-app';
import { until } from '../support/until';

const LEASE_MS = 1_000;

describe('The process', () => {
  let upstream: FakeSwitch;
  let database: TestDatabase;
  let cwd: string;
  let operator: OperatorProcess;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
  });
  beforeEach(async () => {
    upstream.chat = answers.echo;
    upstream.calls.length = 0;
    database = await createTestDatabase();
    if (database.url) await migrate(database.url);
    cwd = mkdtempSync(join(tmpdir(), 'operator-process-'));
  });
  afterEach(async () => {
    await operator.end('SIGKILL');
    await database.drop();
    rmSync(cwd, { recursive: true, force: true });
  });
  afterAll(() => upstream.stop());

  const start = async (env: Record<string, string> = {}) => {
    operator = await OperatorProcess.start(
      {
        VX11_OPERATOR_TOKEN: TOKEN,
        SWITCH_URL: upstream.url,
        TURN_LEASE_MS: `${LEASE_MS}`,
        ...(database.url && { DATABASE_URL: database.url }),
        ...env,
      },
      cwd,
    );
    return operator;
  };
  const chat = (body: object, key?: string) =>
    request(operator.url)
      .post('/operator/chat')
      .set(AUTH)
      .set(key ? { 'Idempotency-Key': key } : {})
      .send(body);
  const session = async (id: string) => (await request(operator.url).get(`/operator/session/${id}`).set(AUTH)).body;
  const turn = async (id: string) => (await request(operator.url).get(`/operator/turn/${id}`).set(AUTH)).body;

  /** Kills the process while Switch is being asked; returns the turn that was left behind. */
  const killInMidTurn = async (sessionId: string, key: string): Promise<string> => {
    upstream.chat = answers.hang;
    const asked = chat({ message: 'hello', session_id: sessionId }, key).then(undefined, () => undefined);
    await until(() => upstream.chats.length === 1);
    const [{ turn_id }] = (await session(sessionId)).messages;
    await operator.end('SIGKILL');
    await asked;
    upstream.chat = answers.echo;
    return turn_id;
  };

  describe('started with nothing configured', () => {
    it('listens, says where everything is, and answers', async () => {
      operator = await OperatorProcess.start(database.url ? { DATABASE_URL: database.url } : {}, cwd);
      const file = join(cwd, 'data', 'token');
      const token = readFileSync(file, 'utf8').trim();

      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(join(cwd, 'data')).mode & 0o777).toBe(0o700);
      expect(operator.stderr).toContain(`API docs    ${operator.url}/docs\n`);
      expect(operator.stderr).toContain(`Token       ${token} (kept in ${file})\n`);
      expect(operator.stderr).toContain(
        'Engine      embedded (no language model: set SWITCH_URL or OPENAI_BASE_URL for one)\n',
      );
      expect(operator.stderr).toMatch(isPostgres ? /Database {4}PostgreSQL, / : /Database {4}SQLite, .+operator\.db\n/);
      expect(operator.stdout).not.toContain(token);

      const { body } = await request(operator.url)
        .post('/operator/chat')
        .set('Authorization', `Bearer ${token}`)
        .send({ message: '/help' })
        .expect(200);
      expect(body).toMatchObject({ engine: 'embedded', tool_calls: [{ tool_name: 'help', status: 'ok' }] });
      expect(body.response).toContain('/history');
    });

    it('prints its token only once', async () => {
      operator = await OperatorProcess.start(database.url ? { DATABASE_URL: database.url } : {}, cwd);
      const token = readFileSync(join(cwd, 'data', 'token'), 'utf8').trim();
      await operator.end('SIGTERM');
      operator = await OperatorProcess.start(database.url ? { DATABASE_URL: database.url } : {}, cwd);
      expect(operator.stderr).not.toContain(token);
      expect(operator.stderr).toContain(`Token       in ${join(cwd, 'data', 'token')}\n`);
    });
  });

  it('does not start on a bad setting, and says in one line which', async () => {
    operator = OperatorProcess.spawn({ OPERATOR_PORT: 'eighty' }, cwd);
    expect(await operator.exited()).toBe(1);
    expect(operator.stderr).toBe('OPERATOR_PORT: got "eighty", expected an integer from 0 to 65535\n');
    expect(operator.stdout).toBe('');
  });

  it('does not start on a port that is taken, and says so in one line', async () => {
    await start();
    const { port } = new URL(operator.url);
    const second = OperatorProcess.spawn({ OPERATOR_PORT: port, DATA_DIR: './other' }, cwd);
    expect(await second.exited()).toBe(1);
    expect(second.stderr).toBe(`OPERATOR_PORT: got "${port}", which another process listens on\n`);
  });

  it.each([
    ['DATA_DIR', 'DATA_DIR: '],
    ['DATABASE_URL', 'DATABASE_URL: file is not a database (SQLITE_NOTADB)\n'],
  ])('does not start on a %s that cannot be used, and says so in one line', async (variable, line) => {
    const file = join(cwd, 'a-text.txt');
    writeFileSync(file, 'This is a text, and neither a folder nor a database.'.repeat(20));
    operator = OperatorProcess.spawn({ [variable]: variable === 'DATA_DIR' ? file : `sqlite:${file}` }, cwd);
    expect(await operator.exited()).toBe(1);
    expect(operator.stderr.startsWith(line)).toBe(true);
    expect(operator.stderr.trim().split('\n')).toHaveLength(1);
  });

  (isPostgres ? it.skip : it)('does not share a SQLite database with another one', async () => {
    await start();
    const second = OperatorProcess.spawn({ VX11_OPERATOR_TOKEN: TOKEN }, cwd);
    expect(await second.exited()).toBe(1);
    expect(second.stderr).toMatch(/^DATABASE_URL: got "sqlite:.+operator\.db", which another running Operator uses\n$/);
    expect(second.stdout).toBe('');
    await chat({ message: 'hello' }).expect(200);
  });

  describe('killed between the question and the answer', () => {
    it('finds the turn at its next start and fails it', async () => {
      await start();
      const turnId = await killInMidTurn('killed', 'key-1');
      await start();

      // On PostgreSQL other instances may be at work: there it is the lease that has to end first.
      if (isPostgres) await until(async () => (await turn(turnId)).status !== 'running', LEASE_MS * 5);
      expect(await turn(turnId)).toMatchObject({ status: 'failed', attempt: 1, error: { error: 'interrupted' } });
      expect((await session('killed')).messages).toEqual([expect.objectContaining({ role: 'user', content: 'hello' })]);
    });

    it('runs it on when the client asks again, without a second user message', async () => {
      await start();
      const turnId = await killInMidTurn('killed', 'key-1');
      await start();
      if (isPostgres) await until(async () => (await turn(turnId)).status !== 'running', LEASE_MS * 5);

      const { body } = await chat({ message: 'hello', session_id: 'killed' }, 'key-1').expect(200);
      expect(body).toMatchObject({ turn_id: turnId, response: 'echo: hello' });
      expect((await session('killed')).messages).toEqual([
        expect.objectContaining({ role: 'user', content: 'hello', turn_id: turnId }),
        expect.objectContaining({ role: 'assistant', content: 'echo: hello', turn_id: turnId }),
      ]);
      expect(await turn(turnId)).toMatchObject({ status: 'succeeded', attempt: 2 });
    });

    it('runs it again by itself with TURN_RECOVERY=retry', async () => {
      await start();
      const turnId = await killInMidTurn('killed', 'key-1');
      await start({ TURN_RECOVERY: 'retry' });

      await until(async () => (await turn(turnId)).status === 'succeeded', LEASE_MS * 5);
      expect((await session('killed')).messages.map(({ content }: { content: string }) => content)).toEqual([
        'hello',
        'echo: hello',
      ]);
      const { body, headers } = await chat({ message: 'hello', session_id: 'killed' }, 'key-1').expect(200);
      expect(headers['idempotency-replayed']).toBe('true');
      expect(body.turn_id).toBe(turnId);
    });

    it('takes the next message of the session as if nothing had happened', async () => {
      await start();
      await killInMidTurn('killed', 'key-1');
      await start();
      await chat({ message: 'next', session_id: 'killed' }).expect(200);
      expect((await session('killed')).messages.map(({ role }: { role: string }) => role)).toEqual([
        'user',
        'user',
        'assistant',
      ]);
    });

    it('keeps every acknowledged message', async () => {
      await start();
      await chat({ message: 'one', session_id: 'kept' }).expect(200);
      await operator.end('SIGKILL');
      await start();
      expect((await session('kept')).messages.map(({ content }: { content: string }) => content)).toEqual([
        'one',
        'echo: one',
      ]);
    });
  });

  describe('asked to stop', () => {
    it('hears of it also when npm started it', async () => {
      const repository = join(__dirname, '../..');
      // Built already; a build now would take `dist` away from other tests.
      const npmStart = ['npm', 'start', '--silent', '--ignore-scripts'];
      const env = { VX11_OPERATOR_TOKEN: TOKEN, DATA_DIR: cwd, ...(database.url && { DATABASE_URL: database.url }) };
      operator = await OperatorProcess.start(env, repository, npmStart);

      operator.signal('SIGTERM');
      // Through npm and its shell, beside other tests.
      await until(() => operator.lines().some(({ event }) => event === 'shutdown:v7_closed'), 15_000);
      await expect(fetch(operator.url)).rejects.toThrow();
    });

    it('is not ready any more, lets running turns end, and exits with 0', async () => {
      await start();
      upstream.chat = answers.after(1_000, answers.echo);
      const running = chat({ message: 'slow', session_id: 'drained' }).then();
      await until(() => upstream.chats.length === 1);
      operator.signal('SIGTERM');

      await until(async () => (await request(operator.url).get('/health/ready')).status === 503);
      const refused = await chat({ message: 'late' });
      expect(refused.body).toMatchObject({ status: 503, error: 'shutting_down' });
      expect((await running).body).toMatchObject({ response: 'echo: slow' });
      expect(await operator.exited()).toBe(0);

      await start();
      expect((await session('drained')).messages).toHaveLength(2);
    });

    it('interrupts turns that do not end in time, and leaves none running', async () => {
      await start({ DRAIN_TIMEOUT_MS: '200' });
      upstream.chat = answers.hang;
      const running = chat({ message: 'endless', session_id: 'cut' }).then();
      await until(() => upstream.chats.length === 1);

      expect(await operator.end('SIGTERM')).toBe(0);
      const { body } = await running;
      expect(body).toMatchObject({ status: 503, error: 'interrupted', session_id: 'cut' });
      await start();
      expect(await turn(body.turn_id)).toMatchObject({ status: 'failed', error: { error: 'interrupted' } });
    });
  });
});
