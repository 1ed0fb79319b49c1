import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeSwitch } from '../fakes/fake-switch';
import { type TestDatabase, createTestDatabase, migrate } from '../support/database';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

describe('Recovery', () => {
  let upstream: FakeSwitch;
  let database: TestDatabase;
  let dataDir: string;
  let operator: TestApp;
  const turns: string[] = [];

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    database = await createTestDatabase();
    if (database.url) await migrate(database.url);
    dataDir = mkdtempSync(join(tmpdir(), 'operator-recovery-'));
    operator = await start({});
    for (const n of [1, 2, 3]) {
      const { body } = await operator.chat({ message: `m${n}`, session_id: `s${n}` }).expect(200);
      turns.push(body.turn_id);
    }
    // As if the process had been killed when it ran these turns for the first, the second and the third time.
    await operator.rows("DELETE FROM operator_message WHERE role = 'assistant'");
    await operator.rows("DELETE FROM operator_event WHERE type = 'turn.succeeded' OR seq = 4");
    for (const [index, id] of turns.entries()) {
      await operator.rows(
        `UPDATE operator_turn SET status = 'running', attempt = ${index + 1}, lease_owner = 'nobody',
           lease_expires_at = '2020-01-01 00:00:00.000000', finished_at = NULL WHERE id = '${id}'`,
      );
    }
    await operator.close();
  });
  afterAll(async () => {
    await operator.close();
    await database.drop();
    await upstream.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const start = (env: Record<string, string>) =>
    createTestApp({ SWITCH_URL: upstream.url, DATA_DIR: dataDir, DATABASE_URL: database.url, ...env });
  const turn = async (id: string) => (await operator.get(`/operator/turn/${id}`).expect(200)).body;

  it('runs interrupted turns again, but not one that keeps taking the process down', async () => {
    operator = await start({ TURN_RECOVERY: 'retry' });
    await until(
      async () => (await turn(turns[0]!)).status !== 'running' && (await turn(turns[1]!)).status !== 'running',
    );

    expect(await turn(turns[0]!)).toMatchObject({ status: 'succeeded', attempt: 2, error: null });
    expect(await turn(turns[1]!)).toMatchObject({ status: 'succeeded', attempt: 3, error: null });
    expect(await turn(turns[2]!)).toMatchObject({ status: 'failed', attempt: 3, error: { error: 'interrupted' } });
    const { body } = await operator.get('/operator/session/s1').expect(200);
    expect(body.messages.map(({ content }: { content: string }) => content)).toEqual(['m1', 'echo: m1']);
  });
});
