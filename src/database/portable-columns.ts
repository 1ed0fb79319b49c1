import type { QueryRunner, TableColumnOptions, TableForeignKeyOptions } from 'typeorm';

type More = Partial<TableColumnOptions>;

/** Column definitions that mean the same on SQLite and PostgreSQL. Migrations use these and nothing dialect-specific. */
export const serial = (name = 'id'): TableColumnOptions => ({
  name,
  type: 'integer',
  isPrimary: true,
  isGenerated: true,
  generationStrategy: 'increment',
});
export const string = (name: string, length: number, more: More = {}): TableColumnOptions => ({
  name,
  type: 'varchar',
  length: `${length}`,
  ...more,
});
export const text = (name: string, more: More = {}): TableColumnOptions => ({ name, type: 'text', ...more });
export const int = (name: string, more: More = {}): TableColumnOptions => ({ name, type: 'integer', ...more });
export const bigint = (name: string, more: More = {}): TableColumnOptions => ({ name, type: 'bigint', ...more });
export const bool = ({ dataSource }: QueryRunner, name: string, byDefault: boolean): TableColumnOptions => ({
  name,
  type: 'boolean',
  // As the entity's default is compared with it: SQLite keeps numbers.
  default: dataSource.options.type === 'postgres' ? byDefault : Number(byDefault),
});

/** A moment in UTC, as `@Column()` on a `Date` expects it. */
export const time = ({ dataSource: { driver } }: QueryRunner, name: string, more: More = {}): TableColumnOptions => ({
  name,
  type: driver.normalizeType({ type: Date }),
  ...more,
});

export const optional: More = { isNullable: true };

/** `column` → `table(referenced)`; the row goes when the row it hangs on goes. */
export const foreignKey = (column: string, table: string, referenced = 'id'): TableForeignKeyOptions => ({
  columnNames: [column],
  referencedTableName: table,
  referencedColumnNames: [referenced],
  onDelete: 'CASCADE',
});
