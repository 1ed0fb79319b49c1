import type { Config } from '../../config/config';
import { UpstreamError } from '../../upstream/upstream.errors';
import { type SwitchError, SwitchAbortedError, SwitchTimeoutError } from '../switch.errors';

export type DeadlineOptions = Pick<Config['openai'], 'firstTokenTimeoutMs' | 'idleTimeoutMs' | 'timeoutMs'>;

/** How long an answer that is finished may be followed by figures about it. */
const LAST_WORDS_MS = 1_000;

/** Ends a streamed answer that its caller gives up, or that takes too long: to begin, to get on with it, or in all. */
export class Deadlines {
  /** Something of the answer came. */
  hasBegun = false;
  /** Nothing more is waited for. */
  isOver = false;
  private failure: SwitchError | null = null;
  private readonly controller = new AbortController();
  private readonly startedAt = performance.now();
  private readonly whole: NodeJS.Timeout;
  private pause: NodeJS.Timeout;

  constructor(
    private readonly options: DeadlineOptions,
    private readonly caller?: AbortSignal,
  ) {
    this.whole = this.after(options.timeoutMs, 'no end of the answer');
    this.pause = this.after(options.firstTokenTimeoutMs, 'no beginning of an answer');
    if (caller?.aborted) this.giveUp();
    caller?.addEventListener('abort', this.giveUp, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Until the answer has to have begun. */
  get leftMs(): number {
    return Math.min(this.options.firstTokenTimeoutMs, this.options.timeoutMs) - (performance.now() - this.startedAt);
  }

  /** @throws SwitchError why it was ended, unless the answer was there already */
  throwIfEnded(): void {
    if (this.failure) throw this.failure;
  }

  progress(): void {
    if (this.hasBegun) return void this.pause.refresh();
    this.hasBegun = true;
    clearTimeout(this.pause);
    this.pause = this.after(this.options.idleTimeoutMs, 'no more of the answer');
  }

  /** The answer is there. What the server has to add, it adds soon, or nobody waits for it. */
  finish(): void {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.abort(null), LAST_WORDS_MS);
  }

  end(): void {
    clearTimeout(this.whole);
    clearTimeout(this.pause);
    this.caller?.removeEventListener('abort', this.giveUp);
  }

  private after(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      const cause = new UpstreamError('timeout', `There was ${what} within ${ms} ms.`);
      this.abort(new SwitchTimeoutError(cause, 'The model server'));
    }, ms);
  }

  private readonly giveUp = () => this.abort(new SwitchAbortedError());

  private abort(failure: SwitchError | null): void {
    this.isOver = true;
    this.failure ??= failure;
    this.controller.abort();
  }
}
