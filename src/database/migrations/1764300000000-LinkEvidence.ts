import { type MigrationInterface, type QueryRunner, TableColumn, TableForeignKey, TableIndex } from 'typeorm';
import { foreignKey, int, optional, string, text, time } from '../portable-columns';
import { onTablesOthersMayUse } from './shared-tables';

const TASK = 'operator_browser_task';
const ADJUSTMENT = 'operator_switch_adjustment';

/** Ties a browser task to the tool call that asked for it, and lets adjustments be applied, and sent, exactly once. */
export class LinkEvidence1764300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await onTablesOthersMayUse(runner, async () => {
      await runner.addColumns(TASK, [new TableColumn(int('tool_call_id', optional))]);
      await runner.createForeignKey(TASK, toToolCall());
      await runner.addColumns(ADJUSTMENT, adjustmentColumns(runner));
    });
    await runner.createIndices(TASK, taskIndices());
    await runner.createIndices(ADJUSTMENT, adjustmentIndices());
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropIndices(ADJUSTMENT, adjustmentIndices());
    await runner.dropIndices(TASK, taskIndices());
    await onTablesOthersMayUse(runner, async () => {
      await runner.dropColumns(
        ADJUSTMENT,
        adjustmentColumns(runner).map(({ name }) => name),
      );
      await runner.dropForeignKey(TASK, (await runner.getTable(TASK))!.foreignKeys.find(isToToolCall)!);
      await runner.dropColumn(TASK, 'tool_call_id');
    });
  }
}

const toToolCall = () =>
  new TableForeignKey({ ...foreignKey('tool_call_id', 'operator_tool_call'), onDelete: 'SET NULL' });
const isToToolCall = ({ columnNames }: TableForeignKey) => columnNames.includes('tool_call_id');

const adjustmentColumns = (runner: QueryRunner) =>
  [
    time(runner, 'applying_until', optional),
    text('apply_error', optional),
    string('idempotency_key', 255, optional),
    string('request_hash', 64, optional),
  ].map((column) => new TableColumn(column));

const taskIndices = () => [new TableIndex({ name: `idx_${TASK}_tool_call_id`, columnNames: ['tool_call_id'] })];
const adjustmentIndices = () => [
  new TableIndex({ name: `idx_${ADJUSTMENT}_applied_id`, columnNames: ['applied', 'id'] }),
  new TableIndex({
    name: `idx_${ADJUSTMENT}_idempotency_key`,
    columnNames: ['idempotency_key'],
    isUnique: true,
  }),
];
