import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../support/statistics';
import type { Goal } from './goals';
import type { Target } from './load';

const SAMPLE_EVERY_MS = 25;

/** Whether memory grows with what has been answered. The target must be fresh. */
export async function measureMemory(target: Target, early: number, late: number): Promise<Goal> {
  const rssAfterEarly = await rssAround(target, early);
  const rssAfterLate = await rssAround(target, late);
  return {
    name: `RSS after ${late.toLocaleString('en')} turns ÷ after ${early.toLocaleString('en')}`,
    value: rssAfterLate / rssAfterEarly,
    atMost: 1.3,
  };
}

/** RSS over the last tenth of the way to `turns`: a single reading depends on when the collector last ran. */
async function rssAround(target: Target, turns: number): Promise<number> {
  await target.run(Math.round(turns * 0.9) - target.turns);
  const readings: number[] = [];
  let isDone = false;
  const lastTenth = target.run(turns - target.turns).finally(() => (isDone = true));
  while (!isDone) {
    readings.push(target.rssMb);
    await Promise.race([sleep(SAMPLE_EVERY_MS), lastTenth]);
  }
  await lastTenth;
  return median(readings);
}
