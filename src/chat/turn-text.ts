import type { EventHub, Speaker } from '../events/event-hub';
import type { MessageDelta } from '../events/events.types';

/** A refresh in mid-answer shows what was heard; a crash loses no more of it than was said in this time. */
const STORE_AFTER_MS = 500;
const STORE_AFTER_CHARACTERS = 4_096;
/** Answers are stored at the same moments, so that they share a commit. */
const TOGETHER_MS = 50;
const BETWEEN_STEPS = '\n\n';

/** A piece of the answer, and where it belongs in it. */
export interface Piece {
  offset: number;
  text: string;
}

/** Stores a piece of the answer, and says when it is durable, before anybody else is told of it. */
export type StorePiece = (piece: Piece, stored: () => void) => Promise<void>;

/**
 * The answer as it is being said: shown at once to those who watch, stored a piece at a time. Nothing that it was told
 * of is lost but by a crash.
 */
export class TurnText implements Speaker {
  private all: string;
  private stored: number;
  private storing: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;
  private isBetween = false;
  /** What comes while it shows nothing. */
  private frozen: string[] | null = null;

  /** `before` is what an earlier part of the same attempt has said; it is stored. */
  constructor(
    private readonly hub: EventHub,
    private readonly turn: { id: string; sessionId: string; attempt: number },
    private readonly store: StorePiece,
    before = '',
  ) {
    this.all = before;
    this.stored = before.length;
    this.isBetween = before !== '';
  }

  get whole(): string {
    return this.all;
  }

  /** What is not stored yet. */
  get rest(): Piece {
    return { offset: this.stored, text: this.all.slice(this.stored) };
  }

  get unstored(): MessageDelta {
    return this.delta(this.rest);
  }

  add(said: string): void {
    if (this.isOver || said === '') return;
    if (this.frozen) return void this.frozen.push(said);
    const piece = this.isBetween ? BETWEEN_STEPS + said : said;
    this.isBetween = false;
    const delta = this.delta({ offset: this.all.length, text: piece });
    this.all += piece;
    this.hub.say(this.turn.sessionId, delta, this);
    if (this.storing) return;
    if (this.all.length - this.stored >= STORE_AFTER_CHARACTERS) this.storeNow();
    else this.storeSoon();
  }

  /** Shows nothing more, so that what is kept of it is what was shown; returns that. What comes meanwhile is not lost. */
  freeze(): string {
    this.frozen ??= [];
    return this.all;
  }

  thaw(): void {
    const said = this.frozen ?? [];
    this.frozen = null;
    for (const piece of said) this.add(piece);
  }

  /** What comes now is the engine's next word on the matter. */
  endStep(): void {
    this.isBetween = this.all !== '';
  }

  /** Lets what is being stored be stored: after that, `rest` is what is not. */
  async settled(): Promise<void> {
    await this.storing;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** The same, and takes no more. */
  close(): Promise<void> {
    this.isOver = true;
    return this.settled();
  }

  /** All of it is stored, or of no use any more. */
  forget(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    this.hub.fallSilent(this.turn.sessionId, this);
  }

  private delta({ offset, text }: Piece): MessageDelta {
    return { turn_id: this.turn.id, attempt: this.turn.attempt, offset, text };
  }

  private storeSoon(): void {
    if (this.timer) return;
    const latest = performance.now() + STORE_AFTER_MS;
    this.timer = setTimeout(() => this.storeNow(), STORE_AFTER_MS - (latest % TOGETHER_MS));
  }

  private storeNow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const piece = this.rest;
    if (piece.text === '') return;
    const stored = () => void (this.stored = piece.offset + piece.text.length);
    // A piece that could not be stored is stored with the next, or with the outcome.
    this.storing = this.store(piece, stored)
      .catch(() => undefined)
      .finally(() => {
        this.storing = null;
        if (!this.isOver && this.all.length > this.stored) this.storeSoon();
      });
  }
}
