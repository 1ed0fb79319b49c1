import { DataSource } from 'typeorm';
import { type TestApp, createTestApp } from '../support/test-app';

const COLUMNS = 'id, message_id, tool_name, status, duration_ms, result, error';

describe('The migration of tool calls', () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp();
  });
  afterAll(() => operator.close());

  it('keeps rows on its way back and forth, and tells them whose they are', async () => {
    const { body } = await operator.chat({ message: '/help', session_id: 'migrated' }).expect(200);
    const report = { message_id: body.message_id, tool_name: 'shell', status: 'pending', call_id: 'c' };
    const { body: call } = await operator.post('/operator/tool/call', report).expect(201);
    const before = await operator.rows(`SELECT ${COLUMNS} FROM operator_tool_call ORDER BY id`);
    expect(before).toHaveLength(2);

    const database = operator.app.get(DataSource);
    const names = database.migrations.map((migration) => migration.constructor.name);
    const undone = names.length - names.findIndex((name) => name.startsWith('ExtendToolCalls'));
    for (let n = 0; n < undone; n++) await database.undoLastMigration();
    await expect(operator.rows('SELECT call_id FROM operator_tool_call')).rejects.toThrow(/call_id/);
    expect(await operator.rows(`SELECT ${COLUMNS} FROM operator_tool_call ORDER BY id`)).toEqual(before);

    await database.runMigrations();
    expect(await operator.rows(`SELECT ${COLUMNS} FROM operator_tool_call ORDER BY id`)).toEqual(before);
    const owners = await operator.rows('SELECT session_id FROM operator_tool_call');
    expect(owners).toEqual(Array(2).fill({ session_id: 'migrated' }));
    // Nothing says any more that it is the same call, nor when it ended.
    const { body: again } = await operator.post('/operator/tool/call', report).expect(201);
    expect(again.id).toBeGreaterThan(call.id);
  });
});
