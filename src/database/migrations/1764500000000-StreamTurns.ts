import {
  type MigrationInterface,
  type QueryRunner,
  Table,
  TableColumn,
  type TableColumnOptions,
  TableIndex,
} from 'typeorm';
import { bigint, int, optional, string, text, time } from '../portable-columns';
import { onTablesOthersMayUse } from './shared-tables';

const EVENT = 'operator_event';
const TURN = 'operator_turn';
const TOOL_CALL = 'operator_tool_call';
const STREAM_TOKEN = 'operator_stream_token';

/** Turns that can be watched, wait for a person and run tools; an order of all events; tokens for those who watch. */
export class StreamTurns1764500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await onTablesOthersMayUse(runner, async () => {
      await runner.dropIndex(TURN, 'uq_operator_turn_running');
      await setStatusLength(runner, 16, 32);
      await runner.addColumns(TURN, made(turnColumns()));
      await runner.createIndex(TURN, oneAtATime(`status IN ('running', 'awaiting_approval')`, 'open'));
      await runner.addColumns(EVENT, made(eventColumns()));
      await runner.addColumns(TOOL_CALL, made(toolCallColumns(runner)));
    });
    await runner.createIndices(EVENT, eventIndices());
    await runner.createIndices(TOOL_CALL, toolCallIndices());
    await runner.createTable(streamTokens(runner));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(STREAM_TOKEN);
    await runner.dropIndices(TOOL_CALL, toolCallIndices());
    await runner.dropIndices(EVENT, eventIndices());
    await runner.query(
      `UPDATE ${TURN} SET status = 'failed', error_code = 'interrupted', error_detail = 'It was waiting for a person.'
       WHERE status = 'awaiting_approval'`,
    );
    await runner.dropIndex(TURN, 'uq_operator_turn_open');
    // Not by the schema builder: on SQLite it makes tables anew, and on the way back the rows that hang on them go.
    await dropColumns(runner, TOOL_CALL, toolCallColumns(runner));
    await dropColumns(runner, EVENT, eventColumns());
    await dropColumns(runner, TURN, turnColumns());
    if (runner.dataSource.options.type === 'postgres') await setStatusLength(runner, 32, 16);
    await runner.createIndex(TURN, oneAtATime(`status = 'running'`, 'running'));
  }
}

async function dropColumns(runner: QueryRunner, table: string, columns: TableColumnOptions[]): Promise<void> {
  for (const { name } of columns.toReversed()) await runner.query(`ALTER TABLE ${table} DROP COLUMN ${name}`);
}

/** The schema builder would drop the column on PostgreSQL, and what is in it. */
async function setStatusLength(runner: QueryRunner, from: number, to: number): Promise<void> {
  if (runner.dataSource.options.type === 'postgres') {
    await runner.query(`ALTER TABLE ${TURN} ALTER COLUMN status TYPE varchar(${to})`);
  } else {
    await runner.changeColumn(TURN, new TableColumn(string('status', from)), new TableColumn(string('status', to)));
  }
}

const turnColumns = () => [
  int('first_seq', optional),
  string('served_by', 16, optional),
  text('fallback_from', optional),
];

const eventColumns = () => [bigint('tx', { default: 0 })];

const toolCallColumns = (runner: QueryRunner) => [
  string('turn_id', 36, optional),
  int('step', optional),
  text('arguments', optional),
  text('told', optional),
  text('source', optional),
  string('approval', 16, optional),
  time(runner, 'approval_expires_at', optional),
];

const oneAtATime = (where: string, name: string) =>
  new TableIndex({ name: `uq_${TURN}_${name}`, columnNames: ['session_id'], isUnique: true, where });

const eventIndices = () => [new TableIndex({ name: `idx_${EVENT}_tx_id`, columnNames: ['tx', 'id'] })];

const toolCallIndices = () => [
  new TableIndex({
    name: `idx_${TOOL_CALL}_turn`,
    columnNames: ['turn_id', 'step', 'id'],
    where: 'turn_id IS NOT NULL',
  }),
  new TableIndex({
    name: `idx_${TOOL_CALL}_approval`,
    columnNames: ['approval_expires_at'],
    where: "approval = 'pending'",
  }),
];

const streamTokens = (runner: QueryRunner) =>
  new Table({
    name: STREAM_TOKEN,
    columns: [string('hash', 64, { isPrimary: true }), string('session_id', 64, optional), time(runner, 'expires_at')],
    indices: [{ columnNames: ['expires_at'] }],
  });

const made = (columns: TableColumnOptions[]) => columns.map((column) => new TableColumn(column));
