import { type MigrationInterface, type QueryRunner, type TableColumnOptions, TableIndex } from 'typeorm';
import { optional, string, time } from '../portable-columns';

const TABLE = 'operator_tool_call';

/**
 * Tool calls as a record of their own: what tells a repeated call from a new one, when it ended, and whose it is. The
 * indexes are those that lists and figures are read from; see the entity.
 */
export class ExtendToolCalls1764200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Not by the schema builder: on SQLite it would copy the table, and forget which ids were given out.
    for (const column of columns(runner)) {
      await runner.query(`ALTER TABLE ${TABLE} ADD COLUMN ${column.name} ${typeOf(column)}`);
    }
    await runner.query(
      `UPDATE ${TABLE} SET session_id =
         (SELECT m.session_id FROM operator_message m WHERE m.id = ${TABLE}.message_id)`,
    );
    await runner.dropIndex(TABLE, `idx_${TABLE}_message_id`);
    await runner.createIndices(TABLE, indices());
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name, columnNames } of indices()) {
      await runner.dropIndex(TABLE, name ?? `idx_${TABLE}_${columnNames.join('_')}`);
    }
    await runner.createIndex(TABLE, new TableIndex({ columnNames: ['message_id'] }));
    for (const { name } of columns(runner).reverse()) await runner.query(`ALTER TABLE ${TABLE} DROP COLUMN ${name}`);
  }
}

const columns = (runner: QueryRunner): TableColumnOptions[] => [
  string('call_id', 128, optional),
  string('session_id', 64, optional),
  time(runner, 'finished_at', optional),
];

const typeOf = ({ type, length }: TableColumnOptions): string => (length ? `${type}(${length})` : type);

const NOT_OK = "status <> 'ok'";

const indices = (): TableIndex[] => [
  new TableIndex({ columnNames: ['created_at', 'id'] }),
  new TableIndex({ columnNames: ['message_id', 'created_at', 'id'] }),
  new TableIndex({ columnNames: ['session_id', 'created_at', 'id'] }),
  new TableIndex({ columnNames: ['tool_name', 'created_at', 'id', 'duration_ms'] }),
  new TableIndex({ columnNames: ['tool_name', 'duration_ms', 'id'] }),
  new TableIndex({ name: `idx_${TABLE}_not_ok`, columnNames: ['status', 'created_at', 'id'], where: NOT_OK }),
  new TableIndex({
    name: `idx_${TABLE}_not_ok_by_tool`,
    columnNames: ['tool_name', 'status', 'created_at', 'id'],
    where: NOT_OK,
  }),
  new TableIndex({
    name: `uq_${TABLE}_call_id`,
    columnNames: ['message_id', 'call_id'],
    isUnique: true,
    where: 'call_id IS NOT NULL',
  }),
];
