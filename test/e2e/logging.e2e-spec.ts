import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorLogger } from '../../src/common/logging/logger';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { rawRequest } from '../support/raw-request';
import { AUTH, TOKEN, type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

interface Line extends Record<string, unknown> {
  err?: { message: string };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SECRETS = {
  token: TOKEN,
  wrongToken: 'canary-of-a-wrong-token',
  switchToken: 'canary-of-the-switch-token',
  said: 'Canary',
  user: 'canary-of-a-user',
};

describe('Logs', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  let logDir: string;
  let written: string[];
  let requests = 0;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    logDir = mkdtempSync(join(tmpdir(), 'operator-logs-'));
    operator = await createTestApp(
      { SWITCH_URL: upstream.url, SWITCH_TOKEN: SECRETS.switchToken, LOG_DIR: logDir },
      { logger: ({ log }) => new OperatorLogger(log, { write: (line) => void written.push(line) }) },
    );
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
    written = [];
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
    rmSync(logDir, { recursive: true });
  });

  const lines = () => written.map((line) => JSON.parse(line) as Line);
  const linesOf = (requestId: string) => lines().filter(({ request_id }) => request_id === requestId);
  /** The lines that a request leaves. Its last one is written after the client has its answer. */
  async function left(send: (requestId: string) => Promise<unknown>): Promise<Line[]> {
    const requestId = `request-${++requests}`;
    await send(requestId);
    await until(() => linesOf(requestId).some(({ context }) => context === 'Http'));
    return linesOf(requestId);
  }
  const chat = (body: object, headers: Record<string, string> = {}) =>
    left(async (id) => operator.chat(body, { 'X-Request-Id': id, ...headers }).then());

  const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const frame = { time: TIME, module: 'operator_backend', request_id: expect.any(String) };

  describe('of a turn', () => {
    it('are the event in the form that readers of the original’s logs know, and the request', async () => {
      const found = await chat({ message: 'hello', session_id: 'logged' });

      const about = { session_id: 'logged', turn_id: expect.stringMatching(UUID) };
      expect(found).toEqual([
        {
          ...frame,
          ...about,
          level: 'info',
          context: 'Journal',
          event: 'chat:logged:success',
          engine: 'general-7b',
          upstream_ms: expect.any(Number),
        },
        {
          ...frame,
          ...about,
          level: 'info',
          context: 'Http',
          method: 'POST',
          path: '/operator/chat',
          status: 200,
          duration_ms: expect.any(Number),
        },
      ]);
      expect(found[1]!.turn_id).toBe(found[0]!.turn_id);
      expect(found[1]!.duration_ms).toBeGreaterThan(0);
    });

    it('tell of a failure by its code, with its cause and stack', async () => {
      upstream.chat = answers.reset;
      const [event, error, request, ...more] = await chat({ message: 'hello', session_id: 'failed' });

      const about = { session_id: 'failed', turn_id: expect.stringMatching(UUID) };
      expect(event).toMatchObject({ ...about, level: 'info', event: 'chat:failed:error', error: 'switch_unavailable' });
      expect(error).toMatchObject({ ...about, level: 'error', event: 'error:switch_unavailable', status: 503 });
      expect(error!.err).toMatchObject({
        type: 'SwitchUnavailableError',
        stack: expect.stringContaining('\n    at '),
        cause: { type: 'UpstreamError', message: expect.stringContaining('ECONNRESET') },
      });
      expect(request).toMatchObject({ ...about, context: 'Http', status: 503 });
      expect(more).toEqual([]);
    });

    it('say that an answer was given before', async () => {
      const body = { message: 'hello', session_id: 'twice' };
      const [first] = await chat(body, { 'Idempotency-Key': 'logged-twice' });
      const [second] = await chat(body, { 'Idempotency-Key': 'logged-twice' });
      expect(second).toMatchObject({ event: 'chat:twice:replayed', session_id: 'twice', turn_id: first!.turn_id });
    });
  });

  it('say which session was read and which erased', async () => {
    await chat({ message: 'hello', session_id: 'told' });
    const path = '/operator/session/told';
    const read = await left(async (id) => operator.get(path).set('X-Request-Id', id).then());
    const erased = await left(async (id) => operator.delete(path).set('X-Request-Id', id).then());

    const request = { context: 'Http', path, session_id: 'told' };
    expect(read).toMatchObject([{ event: 'session_retrieved:told' }, { ...request, method: 'GET', status: 200 }]);
    expect(erased).toMatchObject([{ event: 'session_erased:told' }, { ...request, method: 'DELETE', status: 204 }]);
  });

  describe('of the caller’s mistakes', () => {
    it.each([
      ['POST', '/operator/chat', '{"message":""}', AUTH, 422, 'validation_failed'],
      ['POST', '/operator/chat', '{"message"', AUTH, 400, 'malformed_request'],
      ['POST', '/operator/chat', '{"message":"hi"}', {}, 401, 'auth_required'],
      ['GET', '/operator/session/nobody', undefined, AUTH, 404, 'session_not_found'],
      ['GET', '/operator/session/%zz', undefined, AUTH, 400, 'malformed_request'],
      ['GET', '/nope', undefined, AUTH, 404, 'not_found'],
    ])('%s %s %s are a warning without a stack, and the request', async (method, path, body, auth, status, error) => {
      const headers = { ...auth, 'Content-Type': 'application/json' };
      const found = await left((id) =>
        rawRequest(operator.url, { method, path, body, headers: { ...headers, 'X-Request-Id': id } }),
      );

      expect(found).toEqual([
        { ...frame, level: 'warn', context: 'Problem', event: `error:${error}`, error, status },
        { ...frame, level: 'info', context: 'Http', method, path, status, duration_ms: expect.any(Number) },
      ]);
      expect(written.join('')).not.toMatch(/stack|\.[jt]s:\d/);
    });
  });

  describe('carry the id of the request', () => {
    const idOf = async (headers: Record<string, string | string[]>) =>
      (await rawRequest(operator.url, { path: '/docs-json', headers })).headers['x-request-id'];

    it.each(['a', 'Az09._:-', 'x'.repeat(128)])('that the client gave it, if it is harmless: %s', async (id) => {
      expect(await idOf({ 'X-Request-Id': id })).toBe(id);
      await until(() => linesOf(id).length === 1);
    });

    it.each<[string, Record<string, string | string[]>]>([
      ['there is none', {}],
      ['it is empty', { 'X-Request-Id': '' }],
      ['it is too long', { 'X-Request-Id': 'x'.repeat(129) }],
      ['it has a space', { 'X-Request-Id': 'a b' }],
      ['it has quotes', { 'X-Request-Id': 'a","event":"forged' }],
      ['it has letters beyond ASCII', { 'X-Request-Id': 'sch\xf6n' }],
      ['there are two', { 'X-Request-Id': ['a', 'b'] }],
    ])('or a new one when %s', async (_, headers) => {
      const id = await idOf(headers);
      expect(id).toMatch(UUID);
      await until(() => linesOf(id as string).length === 1);
    });
  });

  it('leave probes out as long as they succeed', async () => {
    await rawRequest(operator.url, { path: '/health/live', headers: { 'X-Request-Id': 'probe' } });
    await rawRequest(operator.url, { path: '/docs-json', headers: { 'X-Request-Id': 'after-probe' } });
    await until(() => linesOf('after-probe').length === 1);
    expect(linesOf('probe')).toEqual([]);
  });

  describe('never show a token, or what somebody said:', () => {
    const said = { message: `${SECRETS.said} of a message`, user_id: SECRETS.user };
    const nothingLeaked = () => {
      const log = written.join('');
      expect(Object.values(SECRETS).filter((secret) => log.includes(secret))).toEqual([]);
    };

    it('when all is well', async () => {
      await chat({ ...said, context_summary: SECRETS.said, metadata: { note: SECRETS.said } });
      await left(async (id) => operator.get(`/operator/sessions?q=${SECRETS.said}`).set('X-Request-Id', id).then());
      nothingLeaked();
    });

    it.each([
      ['a wrong token', { 'X-VX11-Token': SECRETS.wrongToken }, '{}'],
      ['a wrong token in other clothes', { Authorization: `Bearer ${SECRETS.wrongToken}` }, '{}'],
      ['malformed JSON', AUTH, `${SECRETS.said} {`],
      ['wrong fields', AUTH, `{"message":["${SECRETS.said}"],"on_busy":"${SECRETS.said}"}`],
      ['a field called so', AUTH, `{"${SECRETS.said}":1}`],
      ['too much', AUTH, `{"message":"${SECRETS.said.repeat(10_000)}"}`],
      ['far too much', AUTH, `{"message":"${SECRETS.said.repeat(100_000)}"}`],
    ])('not for %s', async (_, auth: Record<string, string>, body) => {
      const headers = { ...auth, 'Content-Type': 'application/json' };
      const [warning] = await left((id) =>
        rawRequest(operator.url, {
          method: 'POST',
          path: '/operator/chat',
          body,
          headers: { ...headers, 'X-Request-Id': id },
        }),
      );
      expect(warning!.level).toBe('warn');
      nothingLeaked();
    });

    it.each([
      ['says it back in a 500', answers.raw(500, 'text/plain', said.message)],
      ['says it back as JSON in a 500', answers.json(500, { detail: said })],
      ['says it back in a 422', answers.json(422, { detail: [{ loc: ['body'], input: said.message }] })],
      ['says it back as an error with 200', answers.json(200, { status: 'error', content: said.message })],
      ['says it back as text that is no JSON', answers.raw(200, 'application/json', said.message)],
      ['says it back as JSON that breaks off', answers.raw(200, 'application/json', `{"a":"${said.message}`)],
      ['says it back as HTML', answers.raw(200, 'text/html', `<p>${said.message}</p>`)],
      ['says it back in its status', answers.json(200, { status: said.message, content: 'x' })],
      ['wants to lead elsewhere', answers.raw(302, 'text/plain', '', { location: `/${said.message}` })],
      ['refuses the token and repeats it', answers.json(401, { detail: SECRETS.switchToken })],
      ['resets the connection', answers.reset],
    ])('not when Switch %s', async (_, answer) => {
      upstream.chat = answer;
      const [, error] = await chat(said);
      expect(error).toMatchObject({ level: 'error', err: { stack: expect.any(String) } });
      nothingLeaked();
    });

    it('not when the database fails with it in hand', async () => {
      await operator.rows('ALTER TABLE operator_message RENAME TO operator_message_away');
      const [error] = await chat({ ...said, metadata: { note: SECRETS.said } });
      await operator.rows('ALTER TABLE operator_message_away RENAME TO operator_message');

      expect(error).toMatchObject({ level: 'error', event: 'error:internal_error', status: 500 });
      expect(error!.err!.message).toContain('operator_message');
      nothingLeaked();
    });

    it('not when a stored text cannot be read', async () => {
      await chat({ message: 'hello', session_id: 'unreadable' });
      await operator.rows(
        `UPDATE operator_message SET message_metadata = '${SECRETS.said} {' WHERE session_id = 'unreadable'`,
      );
      const path = '/operator/session/unreadable';
      const found = await left(async (id) => operator.get(path).set('X-Request-Id', id).expect(500));
      expect(found[0]).toMatchObject({ level: 'error', event: 'error:internal_error' });
      nothingLeaked();
    });
  });

  it('cannot be forged by newlines in what comes in', async () => {
    const forged = '{"level":"info","event":"forged"}';
    await operator.rows(
      `INSERT INTO operator_session (session_id, created_at, updated_at)
       VALUES ('evil
${forged}', '2026-11-23 09:30:00.000000', '2026-11-23 09:30:00.000000')`,
    );
    const path = `/operator/session/${encodeURIComponent(`evil\n${forged}`)}`;
    const found = await left(async (id) => operator.get(path).set('X-Request-Id', id).expect(200));
    await chat({ message: `hi\n${forged}`, user_id: `eve\n${forged}`, session_id: 'eve' });

    expect(found).toMatchObject([{ event: `session_retrieved:evil\n${forged}` }, { path }]);
    for (const line of written) expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(lines().filter(({ event }) => event === 'forged')).toEqual([]);
  });

  it('go to a file of the day as well', async () => {
    const day = new Date().toISOString().slice(0, 10);
    await chat({ message: 'hello', session_id: 'filed' });

    expect(readdirSync(logDir)).toEqual([`operator_backend-${day}.log`]);
    const filed = readFileSync(join(logDir, `operator_backend-${day}.log`), 'utf8');
    expect(filed.endsWith(written.join(''))).toBe(true);
    for (const line of filed.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
  });
});
