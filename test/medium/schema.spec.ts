import { DataSource } from 'typeorm';
import cli from '../../ormconfig';
import { type TestApp, createTestApp } from '../support/test-app';

describe('Schema', () => {
  let operator: TestApp;
  let application: DataSource;

  beforeAll(async () => {
    operator = await createTestApp();
    application = operator.app.get(DataSource);
  });
  afterAll(() => operator.close());

  it('is exactly what the migrations build', async () => {
    const drift = await application.driver.createSchemaBuilder().log();
    expect(drift.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('has the same entities and migrations for the CLI as for the application', () => {
    const listed = (cli.options.entities as (() => unknown)[]).map(({ name }) => name);
    expect(listed.toSorted()).toEqual(application.entityMetadatas.map(({ name }) => name).toSorted());
    expect(cli.options.migrations).toEqual(application.options.migrations);
  });

  it('enforces its foreign keys', async () => {
    const orphan = application.query(
      "INSERT INTO operator_event (session_id, seq, type, data, created_at) VALUES ('nobody', 1, 'x', '{}', '2026-11-23 00:00:00')",
    );
    await expect(orphan).rejects.toThrow(/foreign key/i);
  });

  it('goes back to nothing, and comes again', async () => {
    await application.undoLastMigration();
    expect(await application.showMigrations()).toBe(true);
    await application.runMigrations();
    expect(await application.showMigrations()).toBe(false);
    const drift = await application.driver.createSchemaBuilder().log();
    expect(drift.upQueries).toEqual([]);
  });

  it('goes back and forth with what is in it', async () => {
    const AT = "'2026-11-23 00:00:00.000000'";
    await application.query(
      `INSERT INTO operator_session (session_id, created_at, updated_at) VALUES ('kept', ${AT}, ${AT})`,
    );
    await application.query(
      `INSERT INTO operator_browser_task (session_id, url, status, result, created_at)
       VALUES ('kept', 'https://example.com', 'done', '{}', ${AT})`,
    );
    await application.query(
      `INSERT INTO operator_switch_adjustment (session_id, before_config, after_config, reason, applied, created_at)
       VALUES ('kept', '{"a":1}', '{"b":2}', 'why', TRUE, ${AT})`,
    );
    await application.query(
      `INSERT INTO operator_turn (id, session_id, status, created_at) VALUES ('turn', 'kept', 'succeeded', ${AT})`,
    );
    await application.query(
      `INSERT INTO operator_message (session_id, turn_id, role, content, created_at)
       VALUES ('kept', 'turn', 'user', 'hello', ${AT})`,
    );
    const rows = async () => [
      await application.query('SELECT * FROM operator_message'),
      await application.query('SELECT * FROM operator_browser_task'),
      await application.query('SELECT * FROM operator_switch_adjustment'),
    ];
    const before = await rows();
    await application.undoLastMigration();
    await application.runMigrations();
    expect(await rows()).toEqual(before);
    await application.query("DELETE FROM operator_session WHERE session_id = 'kept'");
    expect(await rows()).toEqual([[], [], []]);
  });
});
