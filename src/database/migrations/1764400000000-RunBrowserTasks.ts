import {
  type MigrationInterface,
  type QueryRunner,
  Table,
  type TableColumnOptions,
  TableColumn,
  TableIndex,
} from 'typeorm';
import { foreignKey, int, optional, serial, string, text, time } from '../portable-columns';
import { onTablesOthersMayUse } from './shared-tables';

const TASK = 'operator_browser_task';
const ARTIFACT = 'operator_artifact';

/** Browser tasks that are run: what was asked, who is at it, what was found; and what they keep. */
export class RunBrowserTasks1764400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await onTablesOthersMayUse(runner, () =>
      runner.addColumns(
        TASK,
        columns(runner).map((column) => new TableColumn(column)),
      ),
    );
    await runner.createIndices(TASK, indices());
    // The original's, which nobody will run: it left them behind.
    await runner.query(
      `UPDATE ${TASK} SET
         status = CASE status WHEN 'pending' THEN 'cancelled' ELSE 'unknown_outcome' END,
         error = COALESCE(error, 'It was left unfinished by the program that took it.')
       WHERE status IN ('pending', 'running')`,
    );
    await runner.createTable(artifacts(runner));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable(ARTIFACT);
    await runner.dropIndices(TASK, indices());
    await onTablesOthersMayUse(runner, () =>
      runner.dropColumns(
        TASK,
        columns(runner).map(({ name }) => name),
      ),
    );
  }
}

const columns = (runner: QueryRunner): TableColumnOptions[] => [
  time(runner, 'finished_at', optional),
  string('error_code', 64, optional),
  text('title', optional),
  text('final_url', optional),
  text('text', optional),
  text('request', optional),
  string('effects', 8, { default: "'read'" }),
  int('attempt', { default: 0 }),
  string('lease_owner', 64, optional),
  time(runner, 'lease_expires_at', optional),
  string('idempotency_key', 255, optional),
  string('request_hash', 64, optional),
];

const indices = () => [
  new TableIndex({ name: `idx_${TASK}_status_id`, columnNames: ['status', 'id'] }),
  new TableIndex({ name: `idx_${TASK}_idempotency_key`, columnNames: ['idempotency_key'], isUnique: true }),
];

const artifacts = (runner: QueryRunner) =>
  new Table({
    name: ARTIFACT,
    columns: [
      serial(),
      int('task_id'),
      int('attempt'),
      int('step', optional),
      string('kind', 16),
      string('content_type', 100),
      int('bytes'),
      string('sha256', 64),
      string('file_name', 64),
      time(runner, 'created_at'),
    ],
    foreignKeys: [foreignKey('task_id', TASK)],
    indices: [
      { columnNames: ['task_id', 'id'] },
      { columnNames: ['sha256'] },
      { columnNames: ['file_name'] },
      { columnNames: ['created_at'] },
    ],
  });
