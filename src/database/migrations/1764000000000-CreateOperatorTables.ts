import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { bool, foreignKey, int, optional, serial, string, text, time } from '../portable-columns';
import { adoptOriginalRows, setOriginalTablesAside } from './adopt-original';

const toSession = foreignKey('session_id', 'operator_session', 'session_id');
const toMessage = foreignKey('message_id', 'operator_message');
const toTurn = foreignKey('turn_id', 'operator_turn');

/** The seed's five tables under their own names and columns, and two of ours. Rows that the original wrote move in. */
export class CreateOperatorTables1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const hasOriginal = await setOriginalTablesAside(runner);
    for (const table of tables(runner)) await runner.createTable(table);
    if (hasOriginal) await adoptOriginalRows(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const { name } of tables(runner).reverse()) await runner.dropTable(name);
  }
}

const tables = (runner: QueryRunner): Table[] => [
  new Table({
    name: 'operator_session',
    columns: [
      serial(),
      string('session_id', 64),
      string('user_id', 64, { default: "'local'" }),
      string('source', 50, { default: "'api'" }),
      int('message_count', { default: 0 }),
      time(runner, 'created_at'),
      time(runner, 'updated_at'),
    ],
    uniques: [{ columnNames: ['session_id'] }],
    indices: [{ columnNames: ['user_id', 'id'] }],
  }),
  new Table({
    name: 'operator_turn',
    columns: [
      string('id', 36, { isPrimary: true }),
      string('session_id', 64),
      string('status', 16),
      int('attempt', { default: 1 }),
      string('lease_owner', 64, optional),
      time(runner, 'lease_expires_at', optional),
      string('idempotency_key', 255, optional),
      string('request_hash', 64, optional),
      text('context_summary', optional),
      string('provider_hint', 64, optional),
      string('engine', 128, optional),
      int('latency_ms', optional),
      int('tokens', optional),
      string('error_code', 64, optional),
      text('error_detail', optional),
      time(runner, 'created_at'),
      time(runner, 'finished_at', optional),
    ],
    foreignKeys: [toSession],
    uniques: [{ columnNames: ['idempotency_key'] }],
    indices: [
      { columnNames: ['session_id'] },
      { name: 'uq_operator_turn_running', columnNames: ['session_id'], isUnique: true, where: "status = 'running'" },
      { name: 'idx_operator_turn_status', columnNames: ['status'] },
    ],
  }),
  new Table({
    name: 'operator_message',
    columns: [
      serial(),
      string('session_id', 64),
      string('turn_id', 36, optional),
      string('role', 50),
      text('content'),
      text('message_metadata', optional),
      time(runner, 'created_at'),
    ],
    foreignKeys: [toSession, toTurn],
    indices: [{ columnNames: ['session_id', 'id'] }, { columnNames: ['turn_id'] }],
  }),
  new Table({
    name: 'operator_tool_call',
    columns: [
      serial(),
      int('message_id'),
      string('tool_name', 100),
      string('status', 50),
      int('duration_ms', optional),
      text('result', optional),
      text('error', optional),
      time(runner, 'created_at'),
    ],
    foreignKeys: [toMessage],
    indices: [{ columnNames: ['message_id'] }],
  }),
  new Table({
    name: 'operator_browser_task',
    columns: [
      serial(),
      string('session_id', 64),
      string('url', 2048),
      string('status', 50),
      string('snapshot_path', 255, optional),
      text('result', optional),
      text('error', optional),
      time(runner, 'created_at'),
      time(runner, 'executed_at', optional),
    ],
    foreignKeys: [toSession],
    indices: [{ columnNames: ['session_id', 'id'] }],
  }),
  new Table({
    name: 'operator_switch_adjustment',
    columns: [
      serial(),
      string('session_id', 64),
      int('message_id', optional),
      text('before_config'),
      text('after_config'),
      text('reason', optional),
      bool(runner, 'applied', false),
      time(runner, 'created_at'),
      time(runner, 'applied_at', optional),
    ],
    foreignKeys: [toSession, toMessage],
    indices: [{ columnNames: ['session_id', 'id'] }, { columnNames: ['message_id'] }],
  }),
  new Table({
    name: 'operator_event',
    columns: [
      serial(),
      string('session_id', 64),
      int('seq'),
      string('type', 50),
      text('data'),
      time(runner, 'created_at'),
    ],
    foreignKeys: [toSession],
    indices: [{ columnNames: ['session_id', 'seq'], isUnique: true }],
  }),
];
