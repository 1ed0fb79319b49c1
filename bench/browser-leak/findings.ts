/** Each must stay at 0. */
export const FAULTS = {
  refused: 'requests answered otherwise than they had to be',
  lost: 'accepted, and not in the list of tasks',
  'left open': 'still waiting or running when all was done',
  untrue: 'ends that do not say what has happened',
  overran: 'ended later than two seconds after their time was over',
} as const;

export type Fault = keyof typeof FAULTS;

/** What went wrong. */
export class Findings {
  private readonly found: { fault: Fault; what: string }[] = [];

  add(fault: Fault, what: string): void {
    this.found.push({ fault, what });
  }

  count(fault: Fault): number {
    return this.found.filter((one) => one.fault === fault).length;
  }

  list(): string[] {
    return this.found.map(({ fault, what }) => `${fault}: ${what}`);
  }
}
