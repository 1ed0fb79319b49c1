import { FakeSwitch, answers } from '../fakes/fake-switch';
import { type TestDatabase, createTestDatabase, isPostgres, migrate } from '../support/database';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

(isPostgres ? describe : describe.skip)('Two instances on one PostgreSQL', () => {
  let upstream: FakeSwitch;
  let database: TestDatabase;
  let one: TestApp;
  let other: TestApp;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    database = await createTestDatabase();
    await migrate(database.url!);
    const env = { SWITCH_URL: upstream.url, DATABASE_URL: database.url, TURN_LEASE_MS: '1000' };
    [one, other] = [await createTestApp(env), await createTestApp(env)];
  });
  beforeEach(() => {
    upstream.chat = answers.echo;
    upstream.calls.length = 0;
  });
  afterAll(async () => {
    await Promise.all([one.close(), other.close()]);
    await database.drop();
    await upstream.stop();
  });

  const rolesIn = async (sessionId: string) => {
    const { body } = await one.get(`/operator/session/${sessionId}`).expect(200);
    return (body.messages as { role: string }[]).map(({ role }) => role);
  };

  it('make one turn of requests with one key, whoever gets them', async () => {
    for (let round = 0; round < 10; round++) {
      upstream.calls.length = 0;
      const key = { 'Idempotency-Key': `shared-${round}` };
      const request = round % 2 ? { message: 'hello', session_id: `shared-${round}` } : { message: 'hello' };
      const replies = await Promise.all(
        Array.from({ length: 10 }, (_, n) => (n % 2 ? one : other).chat(request, key).then()),
      );
      const answered = replies.filter(({ status }) => status === 200);
      expect(new Set(answered.map(({ body }) => body.turn_id)).size).toBe(1);
      for (const { body } of replies.filter(({ status }) => status !== 200)) {
        expect(body).toMatchObject({ status: 409, error: 'turn_in_progress' });
      }
      expect(upstream.chats).toHaveLength(1);
      expect(await rolesIn(answered[0]!.body.session_id)).toEqual(['user', 'assistant']);
    }
  });

  it('answer the messages of one session one after the other', async () => {
    upstream.chat = answers.after(5, answers.echo);
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        (n % 2 ? one : other).chat({ message: `m${n}`, session_id: 'crowd' }).expect(200),
      ),
    );
    expect(await rolesIn('crowd')).toEqual(Array.from({ length: 12 }, () => ['user', 'assistant']).flat());
    const events = await one.rows<{ seq: number }>(
      "SELECT seq FROM operator_event WHERE session_id = 'crowd' ORDER BY seq",
    );
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
  });

  it('leave each other’s turns alone as long as their leases are renewed', async () => {
    upstream.chat = answers.after(2_500, answers.echo);
    const { body } = await one.chat({ message: 'slow', session_id: 'renewed' }).expect(200);
    expect((await other.get(`/operator/turn/${body.turn_id}`)).body).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('close the turns of one that is gone', async () => {
    upstream.chat = answers.hang;
    void one.chat({ message: 'hello', session_id: 'gone' }).then(undefined, () => undefined);
    await until(() => upstream.chats.length === 1);
    const [{ turn_id }] = (await other.get('/operator/session/gone')).body.messages;
    // As if its process had been killed a while ago.
    await one.rows(
      `UPDATE operator_turn SET lease_owner = 'nobody', lease_expires_at = '2020-01-01' WHERE id = '${turn_id}'`,
    );
    await until(async () => (await other.get(`/operator/turn/${turn_id}`)).body.status === 'failed');

    upstream.chat = answers.echo;
    await other.chat({ message: 'next', session_id: 'gone' }).expect(200);
    expect(await rolesIn('gone')).toEqual(['user', 'user', 'assistant']);
  });
});
