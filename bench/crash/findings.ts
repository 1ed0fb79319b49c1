/** Each must stay at 0. */
export const FAULTS = {
  lost: 'acknowledged, and not there',
  duplicated: 'a question or an answer more than once',
  mismatched: 'rows that contradict one another or the acknowledgement',
  interleaved: 'a turn inside another turn of its session',
  gaps: 'sessions whose events are not numbered 1 to n',
  'left running': 'turns that nobody runs and nobody closed',
  untold: 'turns whose outcome Switch neither heard nor will hear',
  refused: 'requests answered by something else than a 200',
} as const;

export type Fault = keyof typeof FAULTS;

/** What went wrong, each thing once however often it is looked at. */
export class Findings {
  private readonly seen = new Map<Fault, Set<string>>();

  add(fault: Fault, what: string): void {
    const found = this.seen.get(fault) ?? new Set();
    this.seen.set(fault, found.add(what));
  }

  count(fault: Fault): number {
    return this.seen.get(fault)?.size ?? 0;
  }

  get total(): number {
    return [...this.seen.values()].reduce((total, { size }) => total + size, 0);
  }

  list(): string[] {
    return [...this.seen].flatMap(([fault, found]) => [...found].map((what) => `${fault}: ${what}`));
  }
}
