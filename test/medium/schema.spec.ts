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
});
