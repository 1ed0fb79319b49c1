import { isFinished, statesBefore } from './browser-task-states';
import { BROWSER_TASK_STATUSES } from './browser-task.types';

describe('The states of a browser task', () => {
  it('end in five', () => {
    expect(BROWSER_TASK_STATUSES.filter(isFinished)).toEqual([
      'done',
      'error',
      'timeout',
      'cancelled',
      'unknown_outcome',
    ]);
  });

  it('are never left once they have ended', () => {
    for (const status of BROWSER_TASK_STATUSES) {
      for (const before of statesBefore(status)) expect(isFinished(before)).toBe(false);
    }
  });

  it('can each be come by, but for the first, and what waits ends only by being cancelled', () => {
    for (const status of BROWSER_TASK_STATUSES) expect(statesBefore(status)).not.toEqual([]);
    const afterPending = BROWSER_TASK_STATUSES.filter((status) => statesBefore(status).includes('pending'));
    expect(afterPending).toEqual(['running', 'cancelled']);
  });
});
