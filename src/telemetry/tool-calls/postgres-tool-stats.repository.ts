import { Injectable } from '@nestjs/common';
import { Reader } from '../../database/reader';
import { type SqlValue, sqlTime, toDate } from '../../database/sql';
import type { TimeRange, ToolStatistics } from './tool-call.types';
import type { ToolStats } from './tool-stats.service';

interface Row {
  calls: number;
  percentiles: (number | null)[] | null;
  pending: number;
  errors: number;
  last_called_at: Date;
  error_id: number | null;
  error: string | null;
  error_at: Date | null;
}

/** Figures from PostgreSQL, one statement a tool. `percentile_disc` is the nearest rank, as on SQLite. */
@Injectable()
export class PostgresToolStats implements ToolStats {
  constructor(private readonly reader: Reader) {}

  async ofTool(toolName: string, { from, to }: TimeRange): Promise<ToolStatistics | null> {
    const where = `FROM operator_tool_call WHERE tool_name = ?${from ? ' AND created_at >= ?' : ''}${to ? ' AND created_at < ?' : ''}`;
    const values: SqlValue[] = [toolName, ...(from ? [sqlTime(from)] : []), ...(to ? [sqlTime(to)] : [])];
    const row = await this.reader.sql((sql) =>
      sql.get<Row>(
        `SELECT ranked.calls, ranked.percentiles, others.pending, others.errors, newest.last_called_at,
           failed.id AS error_id, failed.error, COALESCE(failed.finished_at, failed.created_at) AS error_at
         FROM (
           SELECT CAST(COUNT(*) AS INTEGER) AS calls,
             PERCENTILE_DISC(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY duration_ms) AS percentiles ${where}
         ) AS ranked
         CROSS JOIN (
           SELECT CAST(COUNT(*) FILTER (WHERE status = 'pending') AS INTEGER) AS pending,
             CAST(COUNT(*) FILTER (WHERE status = 'error') AS INTEGER) AS errors ${where} AND status <> 'ok'
         ) AS others
         CROSS JOIN (SELECT MAX(created_at) AS last_called_at ${where}) AS newest
         LEFT JOIN (
           SELECT id, error, created_at, finished_at ${where} AND status = 'error' AND status <> 'ok'
           ORDER BY created_at DESC, id DESC LIMIT 1
         ) AS failed ON TRUE`,
        [...values, ...values, ...values, ...values],
      ),
    );
    if (!row || row.calls === 0) return null;
    const [p50 = null, p95 = null, p99 = null] = row.percentiles ?? [];
    return {
      toolName,
      calls: row.calls,
      pending: row.pending,
      errors: row.errors,
      durationMs: { p50, p95, p99 },
      lastCalledAt: toDate(row.last_called_at),
      lastError: row.error_id === null ? null : { id: row.error_id, error: row.error, at: toDate(row.error_at!) },
    };
  }
}
