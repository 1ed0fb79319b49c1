import type { QueryRunner } from 'typeorm';

/** SQLite changes a table by making it anew: views that others keep go on meaning the table of that name. */
export async function onTablesOthersMayUse(runner: QueryRunner, work: () => Promise<void>): Promise<void> {
  if (runner.dataSource.options.type === 'postgres') return work();
  await runner.query('PRAGMA legacy_alter_table = ON');
  await work();
  await runner.query('PRAGMA legacy_alter_table = OFF');
}
