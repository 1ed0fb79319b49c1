import { FakeSwitch, answers } from '../fakes/fake-switch';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

describe('Idempotency-Key', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({ SWITCH_URL: upstream.url, DATABASE_POOL: '2' });
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
    upstream.calls.length = 0;
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  const rolesIn = async (sessionId: string) => {
    const { body } = await operator.get(`/operator/session/${sessionId}`).expect(200);
    return (body.messages as { role: string }[]).map(({ role }) => role);
  };

  it('gives the first answer again', async () => {
    const request = { message: 'hello', session_id: 'again', metadata: { a: 1 } };
    const first = await operator.chat(request, { 'Idempotency-Key': 'again-1' }).expect(200);
    const second = await operator.chat(request, { 'Idempotency-Key': 'again-1' }).expect(200);

    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(second.body).toEqual(first.body);
    expect(upstream.chats).toHaveLength(1);
    expect(await rolesIn('again')).toEqual(['user', 'assistant']);
  });

  it('finds the session it made for a request that named none', async () => {
    const first = await operator.chat({ message: 'hello' }, { 'Idempotency-Key': 'unnamed' }).expect(200);
    const second = await operator.chat({ message: 'hello' }, { 'Idempotency-Key': 'unnamed' }).expect(200);
    expect(second.body).toEqual(first.body);
  });

  it.each([
    ['message', { message: 'other', session_id: 'reuse' }],
    ['session', { message: 'hello', session_id: 'reuse-2' }],
    ['metadata', { message: 'hello', session_id: 'reuse', metadata: { a: 1 } }],
  ])('refuses a key that came with another %s', async (what, other) => {
    const key = { 'Idempotency-Key': `reuse-${what}` };
    await operator.chat({ message: 'hello', session_id: 'reuse' }, key).expect(200);
    const { body } = await operator.chat(other, key).expect(422);
    expect(body.error).toBe('idempotency_key_reused');
    expect(upstream.chats).toHaveLength(1);
  });

  it('points to the turn while it runs', async () => {
    upstream.chat = answers.after(300, answers.echo);
    const key = { 'Idempotency-Key': 'running' };
    const first = operator.chat({ message: 'slow', session_id: 'running' }, key).then();
    await until(() => upstream.chats.length === 1);

    const { body, headers } = await operator.chat({ message: 'slow', session_id: 'running' }, key).expect(409);
    expect(body).toMatchObject({ error: 'turn_in_progress', session_id: 'running', turn_url: headers['location'] });
    const { body: turn } = await operator.get(headers['location']!).expect(200);
    expect(turn).toMatchObject({ turn_id: body.turn_id, status: 'running', finished_at: null });

    expect((await first).body.turn_id).toBe(body.turn_id);
    await operator.chat({ message: 'slow', session_id: 'running' }, key).expect(200);
  });

  it.each([
    ['naming a session', { message: 'many', session_id: 'many' }],
    ['naming none', { message: 'many' }],
  ])('makes one turn of fifty parallel requests %s', async (what, request) => {
    const key = { 'Idempotency-Key': `fifty ${what}`.replaceAll(' ', '-') };
    const replies = await Promise.all(Array.from({ length: 50 }, () => operator.chat(request, key).then()));

    const answered = replies.filter(({ status }) => status === 200);
    expect(answered.length).toBeGreaterThan(0);
    expect(new Set(answered.map(({ body }) => body.turn_id)).size).toBe(1);
    for (const { body } of replies.filter(({ status }) => status !== 200)) {
      expect(body).toMatchObject({ status: 409, error: 'turn_in_progress', turn_id: answered[0]!.body.turn_id });
    }
    expect(upstream.chats).toHaveLength(1);
    expect(await rolesIn(answered[0]!.body.session_id)).toEqual(['user', 'assistant']);
  });

  it('runs a failed turn on, on the same user message', async () => {
    const request = { message: 'hello', session_id: 'failed' };
    const key = { 'Idempotency-Key': 'failed-1' };
    upstream.chat = answers.plain500;
    const failure = await operator.chat(request, key).expect(502);
    upstream.chat = answers.echo;
    const success = await operator.chat(request, key).expect(200);

    expect(success.body.turn_id).toBe(failure.body.turn_id);
    expect(success.headers['idempotency-replayed']).toBeUndefined();
    expect(await rolesIn('failed')).toEqual(['user', 'assistant']);
    expect(upstream.chats.at(-1)!.body.messages).toEqual([{ role: 'user', content: 'hello' }]);
    const { body: turn } = await operator.get(`/operator/turn/${success.body.turn_id}`).expect(200);
    expect(turn).toMatchObject({ status: 'succeeded', attempt: 2, error: null });
  });

  it('runs many on at once, however few connections there are', async () => {
    const keys = Array.from({ length: 12 }, (_, n) => `many-failed-${n}`);
    const sendAll = () =>
      Promise.all(
        keys.map((key) => operator.chat({ message: 'hello', session_id: key }, { 'Idempotency-Key': key }).then()),
      );
    upstream.chat = answers.plain500;
    expect((await sendAll()).map(({ status }) => status)).toEqual(keys.map(() => 502));
    upstream.chat = answers.echo;
    expect((await sendAll()).map(({ status }) => status)).toEqual(keys.map(() => 200));
  });

  it('tells a turn that runs on only what was said before it', async () => {
    const key = { 'Idempotency-Key': 'late' };
    upstream.chat = answers.plain500;
    await operator.chat({ message: 'one', session_id: 'late' }, key).expect(502);
    upstream.chat = answers.echo;
    await operator.chat({ message: 'two', session_id: 'late' }).expect(200);
    await operator.chat({ message: 'one', session_id: 'late' }, key).expect(200);

    expect(upstream.chats.at(-1)!.body.messages).toEqual([{ role: 'user', content: 'one' }]);
  });

  it('forgets a key after a day', async () => {
    const key = { 'Idempotency-Key': 'old' };
    const first = await operator.chat({ message: 'hello', session_id: 'old' }, key).expect(200);
    await operator.rows(
      `UPDATE operator_turn SET created_at = '2020-01-01 00:00:00.000000' WHERE id = '${first.body.turn_id}'`,
    );
    const second = await operator.chat({ message: 'another', session_id: 'old' }, key).expect(200);
    expect(second.body.turn_id).not.toBe(first.body.turn_id);
  });
});
