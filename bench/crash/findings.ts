/** Each must stay at 0. */
export const FAULTS = {
  lost: 'acknowledged or shown, and not there as it was',
  duplicated: 'a question, an answer or a call of a tool more than once',
  mismatched: 'rows that contradict one another or the acknowledgement',
  spliced: 'texts that are not what the model has said at one attempt',
  interleaved: 'a turn inside another turn of its session',
  gaps: 'sessions whose events are not numbered 1 to n, and readers who miss some',
  'left running': 'turns that nobody runs and nobody closed',
  'left pending': 'calls of tools that are open in a turn that is over',
  'not cancelled': 'turns that were cancelled, and went on',
  untold: 'turns whose outcome Switch neither heard nor will hear',
  refused: 'requests answered otherwise than they had to be',
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
