import type { Random } from '../support/random';
import { HOSTILE_PAGES, SHOUT } from './hostile-pages';

const HOSTILE_SHARE = 0.2;
const HOSTILE_MS = 1_500;
/** So large a message takes its time, and only when it has arrived it ends those who listen. */
const SHOUT_MS = 10_000;
/** The service's default. */
const ORDINARY_MS = 30_000;
const TASKS_A_CANCEL = 40;
const TASKS_A_KILL = 60;
/** While most tasks are still at work. */
const DISTURBED_WITHIN_MS = 500;

export interface PlannedTask {
  path: string;
  isHostile: boolean;
  /** How long it may run. */
  maxMs: number;
  /** When its client changes its mind; null: never. */
  cancelAfterMs: number | null;
  /** When somebody kills the browser; null: nobody. */
  killAfterMs: number | null;
}

/** Every fifth task is hostile, all kinds as often, in an order that the seed repeats. */
export function plan(tasks: number, random: Random): PlannedTask[] {
  const hostile = hostileTasks(Math.round(tasks * HOSTILE_SHARE));
  const ordinary = Array.from({ length: tasks - hostile.length }, () => task('/', false));
  const planned = shuffled([...hostile, ...ordinary], random);
  for (const one of some(planned, TASKS_A_CANCEL, random)) one.cancelAfterMs = random.upTo(DISTURBED_WITHIN_MS);
  for (const one of some(planned, TASKS_A_KILL, random)) one.killAfterMs = random.upTo(DISTURBED_WITHIN_MS);
  return planned;
}

/** The kinds one after the other, over and over. */
export function hostileTasks(number: number): PlannedTask[] {
  const paths = Object.keys(HOSTILE_PAGES);
  return Array.from({ length: number }, (_, index) => task(paths[index % paths.length]!, true));
}

const task = (path: string, isHostile: boolean): PlannedTask => ({
  path,
  isHostile,
  maxMs: path === SHOUT ? SHOUT_MS : isHostile ? HOSTILE_MS : ORDINARY_MS,
  cancelAfterMs: null,
  killAfterMs: null,
});

/** One of every so many, but one at least. */
const some = (planned: PlannedTask[], every: number, random: Random): PlannedTask[] =>
  shuffled(planned, random).slice(0, Math.ceil(planned.length / every));

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const order = items.map((item) => ({ item, at: random.next() }));
  return order.sort((a, b) => a.at - b.at).map(({ item }) => item);
}
