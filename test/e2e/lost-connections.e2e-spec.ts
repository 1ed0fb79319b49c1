import { Client } from 'pg';
import { FakeSwitch } from '../fakes/fake-switch';
import { type TestDatabase, createTestDatabase, isPostgres, migrate } from '../support/database';
import { type TestApp, createTestApp } from '../support/test-app';

const FOR_MS = 4_000;
const CLIENTS = 8;

(isPostgres ? describe : describe.skip)('A PostgreSQL that drops connections', () => {
  let upstream: FakeSwitch;
  let database: TestDatabase;
  let operator: TestApp;
  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    database = await createTestDatabase();
    await migrate(database.url!);
    operator = await createTestApp({ SWITCH_URL: upstream.url, DATABASE_URL: database.url });
  });
  afterAll(async () => {
    await operator.close();
    await database.drop();
    await upstream.stop();
  });

  it('loses and doubles nothing for clients that try again, and nothing else fails', async () => {
    const others = new Client({ connectionString: database.url });
    await others.connect();
    const end = Date.now() + FOR_MS;
    const answered = new Map<string, string>();
    const refusals = new Set<string>();

    const client = async (n: number) => {
      for (let turn = 0; Date.now() < end; turn++) {
        const key = `c${n}-${turn}`;
        for (let status = 0; status !== 200;) {
          const { body, ...reply } = await operator
            .chat({ message: key, session_id: `s${n % 3}` }, { 'Idempotency-Key': key })
            .then();
          status = reply.status;
          if (status === 200) answered.set(key, body.turn_id);
          else refusals.add(`${status} ${body.error}`);
        }
      }
    };
    const dropping = (async () => {
      while (Date.now() < end) {
        await others.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5`,
        );
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    })();
    await Promise.all([dropping, ...Array.from({ length: CLIENTS }, (_, n) => client(n))]);
    await others.end();

    expect([...refusals].filter((refusal) => refusal !== '503 database_unavailable')).toEqual([]);
    expect(refusals.size).toBe(1);
    const turns = await operator.rows<{ id: string; key: string; status: string; asked: number; answers: number }>(
      `SELECT id, idempotency_key AS key, status,
         (SELECT COUNT(*)::int FROM operator_message m WHERE m.turn_id = t.id AND role = 'user') AS asked,
         (SELECT COUNT(*)::int FROM operator_message m
          WHERE m.turn_id = t.id AND role = 'assistant' AND message_metadata IS NULL) AS answers
       FROM operator_turn t`,
    );
    expect(new Map(turns.map(({ key, id }) => [key, id]))).toEqual(answered);
    // What an attempt has said that failed is kept beside the answer, marked as incomplete.
    for (const turn of turns) expect(turn).toMatchObject({ status: 'succeeded', asked: 1, answers: 1 });
  });
});
