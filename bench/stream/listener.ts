import { sendTimesIn } from './sealed-text';

/** Where a piece belongs; a target that does not say sends one after the other. */
interface Place {
  answer: string;
  offset: number;
  /** Not stored yet: such a piece comes once. */
  isLive: boolean;
}

/** Somebody who puts answers together again from their pieces, and looks at the clock. */
export class Listener {
  /** From the model's hand to here, of every token. */
  delaysMs: number[] = [];
  problems: string[] = [];
  texts: string[] = [];
  private answer = '';

  take(piece: string, at: number, place?: Place): void {
    if (place ? place.answer !== this.answer : this.isSealed) this.texts.push('');
    if (place) this.answer = place.answer;
    const heard = this.texts.at(-1) ?? '';
    const offset = place?.offset ?? heard.length;
    if (offset > heard.length) this.problems.push(`nothing between ${heard.length} and ${offset} of ${this.answer}`);
    if (offset < heard.length && place?.isLive) this.problems.push(`${offset} of ${this.answer} was said twice`);
    const news = piece.slice(heard.length - offset);
    for (const sentAt of sendTimesIn(news)) this.delaysMs.push(at - sentAt);
    this.texts[Math.max(0, this.texts.length - 1)] = heard + news;
  }

  /** What was heard so far has been looked at. */
  forget(): void {
    this.delaysMs = [];
    this.problems = [];
    this.texts = [];
    this.answer = '';
  }

  private get isSealed(): boolean {
    return this.texts.length === 0 || /#[0-9a-f]{16}$/.test(this.texts.at(-1)!);
  }
}
