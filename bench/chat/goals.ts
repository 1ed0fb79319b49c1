import { table } from '../support/table';

export interface Goal {
  name: string;
  value: number;
  atLeast?: number;
  atMost?: number;
}

export const isReached = ({ value, atLeast = -Infinity, atMost = Infinity }: Goal): boolean =>
  value >= atLeast && value <= atMost;

export function describeGoals(goals: Goal[]): string {
  return table([
    ['figure', 'measured', 'goal', ''],
    ...goals.map((goal) => [
      goal.name,
      goal.value.toFixed(2),
      goal.atLeast === undefined ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`,
      isReached(goal) ? 'reached' : 'MISSED',
    ]),
  ]);
}
