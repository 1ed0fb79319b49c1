import type { Findings } from './findings';
import type { Ledger } from './ledger';

/** Where a reader of one session is, and whether they were led there past nothing. */
export class Trail {
  private last: number | null = null;

  constructor(
    private readonly ledger: Ledger,
    private readonly findings: Findings,
  ) {}

  /** `seq` is null for pieces that are not stored yet; `id` says up to where they follow the log. */
  take(sessionId: string, seq: number | null, id: string | null, json: string): void {
    const at = seq ?? (id === null ? null : Number(id));
    if (at === null) return;
    if (this.last !== null && (at < this.last || (at === this.last && seq !== null))) {
      this.findings.add('gaps', `after ${this.last} of ${sessionId} came ${at}`);
    }
    const from = this.last ?? at - 1;
    const next = seq === null ? at + 1 : at;
    for (let skipped = from + 1; skipped < next; skipped++) this.ledger.skip(sessionId, skipped);
    if (seq !== null) this.ledger.show(sessionId, seq, json, this.findings);
    this.last = at;
  }
}
