import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Goal } from '../chat/goals';
import { Client, expectOk } from '../support/client';
import { createPostgres } from '../support/postgres';
import { Service } from '../support/service';
import { median, timedAsync } from '../support/statistics';
import { table } from '../support/table';
import type { Workspace } from '../support/workspace';
import { BEGIN, POSTGRES, SECONDS_BETWEEN_CALLS, SQLITE, TOOLS, fill } from './many-calls';

const NOBODY = 'http://127.0.0.1:9';
const GOAL_MS = 150;

interface Stats {
  tools: { calls: number }[];
}

export interface FiguresOptions {
  calls: number;
  times: number;
}

interface Measured {
  database: string;
  range: string;
  calls: number;
  ms: number;
  /** The slowest of other requests that were made meanwhile. */
  othersMs: number;
}

/** What `GET /operator/tool/stats` takes over very many calls, and whom it holds up, on SQLite and on PostgreSQL. */
export async function measureFigures(
  workspace: Workspace,
  { calls, times }: FiguresOptions,
  postgresUrl: string | undefined,
): Promise<Measured[]> {
  const dataDir = workspace.folder('figures');
  const start = (env: Record<string, string> = {}) => Service.start({ dataDir, switchUrl: NOBODY, env });
  await (await start()).stop();
  fillSqlite(join(dataDir, 'operator.db'), calls);
  const onSqlite = await start();
  const measured = await measure('SQLite', onSqlite.url, calls, times);
  await onSqlite.stop();
  if (!postgresUrl) return measured;

  const database = await createPostgres(postgresUrl);
  try {
    for (const statement of fill(POSTGRES, calls)) await database.query(statement);
    // As it is once autovacuum has been by.
    await database.query('VACUUM ANALYZE');
    const onPostgres = await start({ DATABASE_URL: database.url });
    measured.push(...(await measure('PostgreSQL', onPostgres.url, calls, times)));
    await onPostgres.stop();
  } finally {
    await database.drop();
  }
  return measured;
}

export const describeFigures = (measured: Measured[]): string =>
  table(
    [
      ['database', 'range', 'calls', 'ms', 'slowest other ms'],
      ...measured.map(({ database, range, calls, ms, othersMs }) => [
        database,
        range,
        `${calls}`,
        ms.toFixed(1),
        othersMs.toFixed(1),
      ]),
    ],
    ['left', 'left'],
  );

export const figuresGoals = (measured: Measured[]): Goal[] =>
  measured
    .filter(({ range }) => range === 'all time')
    .map(({ database, calls, ms }) => ({
      name: `tool/stats over ${calls} calls, ms, ${database}`,
      value: ms,
      atMost: GOAL_MS,
    }));

async function measure(database: string, url: string, calls: number, times: number): Promise<Measured[]> {
  const after = (share: number) =>
    new Date(Date.parse(BEGIN) + share * calls * SECONDS_BETWEEN_CALLS * 1_000).toISOString();
  const hours = (count: number) => after(0.5 + (count * 3_600) / (calls * SECONDS_BETWEEN_CALLS));
  const ranges = {
    'all time': '',
    'half of it': `?from=${after(0.25)}&to=${after(0.75)}`,
    'a day': `?from=${hours(0)}&to=${hours(24)}`,
    'an hour': `?from=${hours(0)}&to=${hours(1)}`,
  };
  const [client, other] = [new Client(url, 1), new Client(url, 1)];
  const measured: Measured[] = [];
  for (const [range, query] of Object.entries(ranges)) {
    const stats = async () => expectOk<Stats>(await client.get(`/operator/tool/stats${query}`));
    const { tools } = await stats();
    const counted = tools.reduce((sum, tool) => sum + tool.calls, 0);
    if (tools.length !== TOOLS || (query === '' && counted !== calls)) throw new Error(`It counted ${counted} calls.`);

    const durations: number[] = [];
    for (let time = 0; time < times; time++) durations.push(await timedAsync(stats));
    measured.push({ database, range, calls: counted, ms: median(durations), othersMs: await slowest(other, stats) });
  }
  client.close();
  other.close();
  return measured;
}

/** The slowest of many small requests while a large one is answered. */
async function slowest(other: Client, large: () => Promise<unknown>): Promise<number> {
  let isOver = false;
  const answered = large().then(() => (isOver = true));
  let longest = 0;
  while (!isOver) longest = Math.max(longest, await timedAsync(() => other.get('/health/live')));
  await answered;
  return longest;
}

function fillSqlite(file: string, calls: number): void {
  const database = new Sqlite(file);
  database.transaction(() => {
    for (const statement of fill(SQLITE, calls)) database.exec(statement);
  })();
  database.exec('ANALYZE');
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
}
