/** Frames at once, and then each second, that a client may send: more than a person types. */
const BURST = 40;
const PER_SECOND = 20;
const COMPLAIN_EVERY_MS = 1_000;

/** How many more frames a client may send; and whether it should be told, now and then, that it sends too many. */
export class FrameBudget {
  private left = BURST;
  private countedAt: number;
  private complainedAt = -Infinity;

  constructor(private readonly now = () => performance.now()) {
    this.countedAt = this.now();
  }

  take(): 'taken' | 'refused' | 'refused-again' {
    const now = this.now();
    this.left = Math.min(BURST, this.left + ((now - this.countedAt) / 1_000) * PER_SECOND);
    this.countedAt = now;
    if (this.left >= 1) {
      this.left--;
      return 'taken';
    }
    if (now - this.complainedAt < COMPLAIN_EVERY_MS) return 'refused-again';
    this.complainedAt = now;
    return 'refused';
  }
}
