import type { TestApp } from './test-app';

/** The answer to a task that was waited for. */
export async function runTask(operator: TestApp, body: object): Promise<any> {
  const answer = await operator.post('/operator/browser/task', body).set('Prefer', 'wait=60');
  if (answer.status !== 200) throw new Error(`It was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** How long its last attempt took, in milliseconds. */
export const tookMs = ({ executed_at, finished_at }: { executed_at: string; finished_at: string }): number =>
  Date.parse(finished_at) - Date.parse(executed_at);
