import type { TestApp } from './test-app';

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: unknown;
}

interface Expected {
  status: number;
  error: string;
  /** The path that was asked for. */
  instance: string;
  /** Names of the rejected fields, with `validation_failed`. */
  fields?: string[];
}

/** The whole shape of an error, member by member: nothing is missing and nothing more leaves the process. */
export function expectProblem(answer: Answer, { status, error, instance, fields }: Expected): void {
  const aField = fields && expect.arrayContaining([{ field: expect.any(String), message: expect.any(String) }]);
  expect(answer.body).toEqual({
    type: `urn:operator:error:${error}`,
    title: error.replaceAll('_', ' '),
    status,
    detail: expect.stringMatching(/^[A-Z].*\.$/i),
    instance,
    error,
    status_code: status,
    request_id: expect.stringMatching(/^[A-Za-z0-9._:-]{1,128}$/),
    ...(aField && { errors: aField }),
  });
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const { request_id, errors } = answer.body as { request_id: string; errors?: { field: string }[] };
  expect(answer.headers['x-request-id']).toBe(request_id);
  expect([...new Set(errors?.map(({ field }) => field))].sort()).toEqual((fields ?? []).toSorted());
}

const TABLES = [
  'operator_session',
  'operator_turn',
  'operator_message',
  'operator_tool_call',
  'operator_browser_task',
  'operator_switch_adjustment',
  'operator_event',
];

/** How many rows each table has. */
export async function rowCounts(operator: TestApp): Promise<Record<string, number>> {
  const counts = TABLES.map((table) => `(SELECT COUNT(*) FROM ${table}) AS ${table}`);
  const [row] = await operator.rows<Record<string, number | string>>(`SELECT ${counts.join(', ')}`);
  return Object.fromEntries(Object.entries(row!).map(([table, count]) => [table, Number(count)]));
}
