import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import request from 'supertest';
import { FakeOpenAi, completions } from '../fakes/fake-openai';
import { FakeUpstream } from '../fakes/fake-upstream';
import { type TestDatabase, createTestDatabase, migrate } from '../support/database';
import { EventReader } from '../support/event-reader';
import { OperatorProcess } from '../support/operator-process';
import { AUTH, TOKEN } from '../support/test-app';
import { until } from '../support/until';

const LEASE_MS = 1_000;
const WORDS = Array.from({ length: 1_000 }, (_, n) => `word${n} `);

describe('A turn whose process is killed', () => {
  let model: FakeOpenAi;
  let hermes: FakeUpstream;
  let database: TestDatabase;
  let cwd: string;
  let operator: OperatorProcess;
  const readers: EventReader[] = [];

  beforeAll(async () => {
    model = await FakeOpenAi.start();
    hermes = await FakeUpstream.start({});
    hermes.sickness = () => undefined;
  });
  beforeEach(async () => {
    model.calls.length = 0;
    hermes.calls.length = 0;
    database = await createTestDatabase();
    if (database.url) await migrate(database.url);
    cwd = mkdtempSync(join(tmpdir(), 'operator-kill-'));
    await start();
  });
  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.close();
    await operator.end('SIGKILL');
    await database.drop();
    rmSync(cwd, { recursive: true, force: true });
  });
  afterAll(async () => {
    await model.stop();
    await hermes.stop();
  });

  const start = async (env: Record<string, string> = {}) => {
    operator = await OperatorProcess.start(
      {
        VX11_OPERATOR_TOKEN: TOKEN,
        ENGINE: 'openai',
        OPENAI_BASE_URL: model.baseUrl,
        OPENAI_MODEL: 'm',
        HERMES_URL: hermes.url,
        OVERVIEW_TIMEOUT_MS: '60000',
        BROWSER_IMPL: 'stub',
        TURN_LEASE_MS: `${LEASE_MS}`,
        ...(database.url && { DATABASE_URL: database.url }),
        ...env,
      },
      cwd,
    );
  };
  const killAndStart = async (env: Record<string, string> = {}) => {
    await operator.end('SIGKILL');
    await start(env);
  };
  const get = async (path: string) => (await request(operator.url).get(path).set(AUTH).expect(200)).body;
  const post = (path: string, body: object = {}) => request(operator.url).post(path).set(AUTH).send(body);
  const ask = async (sessionId: string, key = `key-${sessionId}`) => {
    const reader = await EventReader.open(`${operator.url}/operator/chat`, {
      method: 'POST',
      headers: { ...AUTH, 'Idempotency-Key': key },
      body: { session_id: sessionId, message: 'hello' },
    });
    readers.push(reader);
    return { reader, turnId: (await reader.until('turn.started')).data.turn_id as string };
  };
  const watch = async (sessionId: string, after: number | string = 0) => {
    const reader = await EventReader.open(`${operator.url}/operator/session/${sessionId}/events?after=${after}`);
    readers.push(reader);
    return reader;
  };
  /** Nothing stays `running` without somebody who runs it. */
  const closed = (turnId: string) =>
    until(async () => (await get(`/operator/turn/${turnId}`)).status !== 'running', 4 * LEASE_MS);
  const isInterrupted = async (turnId: string) => {
    await closed(turnId);
    expect(await get(`/operator/turn/${turnId}`)).toMatchObject({ status: 'failed', error: { error: 'interrupted' } });
  };

  it('before the first word has failed, and says so', async () => {
    model.completions = completions.hang;
    const { turnId } = await ask('before');
    await until(() => model.chats.length === 1);
    await killAndStart();
    await isInterrupted(turnId);
    const reader = await watch('before');
    expect((await reader.until('turn.failed')).data).toMatchObject({ error: 'interrupted', message_id: null });
  });

  it('in mid-answer keeps what was stored of it, and the log goes on byte for byte', async () => {
    model.completions = completions.paced(WORDS, 4);
    const { reader, turnId } = await ask('middle');
    const watcher = await watch('middle');
    await until(() => reader.text.length > 1_500);
    const shown = reader.text;
    await killAndStart();
    await isInterrupted(turnId);

    // A client that comes again with the last id it has got.
    const resumed = await watch('middle', reader.lastId);
    const { data } = await resumed.until('turn.failed');
    const log = await watch('middle');
    await log.until('turn.failed');
    const lines = log.events.map(({ json }) => json);
    expect([...reader.stored, ...resumed.events].map(({ json }) => json)).toEqual(
      lines.filter((_, index) => reader.stored.some(({ seq }) => seq === index + 1) || index >= Number(reader.lastId)),
    );
    for (const { seq, json } of watcher.stored) expect(json).toBe(lines[seq! - 1]);
    expect(log.events.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1));

    const [, answer] = (await get('/operator/session/middle')).messages;
    expect(answer).toMatchObject({ id: data.message_id, metadata: { incomplete: true } });
    expect(answer.content).toBe(log.text);
    expect(WORDS.join('').startsWith(answer.content)).toBe(true);
    // No more is lost than was said since it was stored the last time.
    expect(shown.length - answer.content.length).toBeLessThan(1_500);
  });

  it('in mid-answer is run on when its client asks again, and the two answers stay two', async () => {
    model.completions = completions.paced(WORDS, 4);
    const { reader, turnId } = await ask('again');
    await until(() => reader.stored.some(({ type }) => type === 'turn.started') && reader.text.length > 1_500);
    await killAndStart();
    await isInterrupted(turnId);
    model.completions = completions.says('whole');
    const second = await ask('again');
    await second.reader.ended();
    expect(second.reader.text).toBe('whole');
    const { messages } = await get('/operator/session/again');
    expect(messages.map(({ content }: { content: string }) => content).at(-1)).toBe('whole');
    expect(messages.filter(({ role }: { role: string }) => role === 'user')).toHaveLength(1);
    expect(await get(`/operator/turn/${turnId}`)).toMatchObject({ status: 'succeeded', attempt: 2 });
  });

  it('in the middle of a tool leaves no call open, and the tool is not run again by itself', async () => {
    model.completions = completions.calls([{ id: 'a', name: 'list_resources', arguments: {} }]);
    const { turnId } = await ask('tool');
    await until(() => hermes.calls.length > 0);
    await killAndStart();
    await isInterrupted(turnId);
    const { items } = await get(`/operator/tool/calls?turn_id=${turnId}`);
    expect(items).toEqual([expect.objectContaining({ status: 'error', error: 'interrupted' })]);

    model.completions = completions.says('I could not see.');
    const second = await ask('tool');
    await second.reader.ended();
    expect(model.chats.at(-1)!.body.messages.map(({ role }: { role: string }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
    ]);
    expect(model.chats.at(-1)!.body.messages.at(-1).content).toMatch(/interrupted/);
    expect((await get(`/operator/tool/calls?turn_id=${turnId}`)).items).toHaveLength(1);
  });

  it('while it waits for a person waits on, and goes on when one has decided', async () => {
    const calls = [
      {
        id: 'a',
        name: 'browser_act',
        arguments: { url: 'https://example.com/', actions: [{ action: 'click', selector: '#a' }] },
      },
    ];
    model.completions = completions.inTurn(completions.calls(calls), completions.says('done'));
    const { reader, turnId } = await ask('waits');
    await reader.until('turn.awaiting_approval');
    await killAndStart();
    const { status, approvals } = await get(`/operator/turn/${turnId}`);
    expect(status).toBe('awaiting_approval');
    const watcher = await watch('waits', reader.lastId);
    const { tool_call_id: id, arguments_hash } = approvals[0];
    await post(`/operator/tool/call/${id}/approve`, { arguments_hash }).expect(200);
    await watcher.until('turn.succeeded');
    expect(watcher.types).toContain('tool_call.finished');
    const [call] = (await get(`/operator/tool/calls?turn_id=${turnId}`)).items;
    expect(call).toMatchObject({ tool_name: 'browser_act', approval: 'approved' });
    const [task] = (await get('/operator/browser/tasks?session_id=waits')).items;
    expect(task).toMatchObject({ tool_call_id: id, effects: 'write' });
  });

  it('after it was cancelled stays cancelled', async () => {
    model.completions = completions.paced(WORDS, 4);
    const { reader, turnId } = await ask('cancelled');
    await until(() => reader.text.length > 300);
    await post(`/operator/turn/${turnId}/cancel`).expect(200);
    await killAndStart({ TURN_RECOVERY: 'retry' });
    expect(await get(`/operator/turn/${turnId}`)).toMatchObject({ status: 'cancelled', attempt: 1 });
    const log = await watch('cancelled');
    await log.until('turn.cancelled');
    expect((await get('/operator/session/cancelled')).messages[1].content).toBe(log.text);
  });

  it('is ended in order with the process that is asked to stop, and those who watch see it', async () => {
    await operator.end('SIGKILL');
    await start({ DRAIN_TIMEOUT_MS: '300' });
    model.completions = completions.paced(WORDS, 4);
    const { reader } = await ask('drained');
    const watcher = await watch('drained');
    await until(() => reader.text.length > 300);
    expect(await operator.end('SIGTERM')).toBe(0);
    await Promise.all([reader.ended(), watcher.ended()]);
    expect(reader.types.at(-1)).toBe('turn.failed');
    expect(watcher.types.slice(-2)).toEqual(['turn.failed', 'stream.ended']);
    expect(watcher.events.at(-1)!.data).toMatchObject({ reason: 'shutting_down' });
    await start();
    const [, answer] = (await get('/operator/session/drained')).messages;
    expect(answer.content.startsWith(reader.text)).toBe(true);
  });
});
