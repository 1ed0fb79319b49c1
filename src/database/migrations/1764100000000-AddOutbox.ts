import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import { int, optional, serial, string, text, time } from '../portable-columns';

/** What is to be told to upstreams, kept until they have heard it. Small, and written in every turn: no index. */
export class AddOutbox1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'operator_outbox',
        columns: [
          serial(),
          string('topic', 50),
          text('payload'),
          int('attempts', { default: 0 }),
          text('last_error', optional),
          time(runner, 'next_attempt_at'),
          time(runner, 'created_at'),
        ],
      }),
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('operator_outbox');
  }
}
