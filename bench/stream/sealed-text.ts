import { createHash } from 'node:crypto';
import { sharedClock } from '../support/clock';

/** What a client asks the model for, as the text of its message. */
export interface Order {
  /** Of this answer and no other. */
  name: string;
  tokens: number;
  everyMs: number;
}

/** In order, one each: its number, and when it was sent. */
const TOKEN = /(\d+)@([\d.]+) /g;
const WHOLE = /^(\S+) ((?:\d+@[\d.]+ )+)#([0-9a-f]{16})$/;

const sealOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** An answer that begins with its name and ends with a digest of itself: whoever has it can tell whether it is whole. */
export class SealedText {
  sent = '';
  private next = 0;

  constructor(private readonly order: Order) {}

  get isWhole(): boolean {
    return this.next === this.order.tokens;
  }

  /** The next token, as of now. */
  token(): string {
    const begin = this.next === 0 ? `${this.order.name} ` : '';
    const token = `${begin}${this.next++}@${sharedClock().toFixed(3)} `;
    const piece = this.isWhole ? `${token}#${sealOf(this.sent + token)}` : token;
    this.sent += piece;
    return piece;
  }
}

export const sendTimesIn = (piece: string): number[] =>
  Array.from(piece.matchAll(TOKEN), ([, , sentAt]) => Number(sentAt));

/** What is wrong with a text that should be the whole answer to an order; null: nothing. */
export function flawIn(text: string, { name, tokens }: Pick<Order, 'name' | 'tokens'>): string | null {
  const [, begin, middle, seal] = WHOLE.exec(text) ?? [];
  if (!middle) return `${name}: not an answer: ${text.slice(0, 80)} … ${text.slice(-80)}`;
  const numbers = Array.from(middle.matchAll(TOKEN), ([, number]) => Number(number));
  const isInOrder = numbers.length === tokens && numbers.every((number, index) => number === index);
  const isRight = begin === name && isInOrder && seal === sealOf(text.slice(0, -17));
  return isRight ? null : `${name}: the answer to ${begin}, of ${numbers.length} tokens, sealed ${seal}`;
}

/** The same for a text that may be cut off anywhere. */
export function flawInBeginning(text: string, { name }: Pick<Order, 'name'>): string | null {
  const rest = text.startsWith(`${name} `) ? text.slice(name.length + 1) : null;
  const numbers = rest === null ? [] : Array.from(rest.matchAll(TOKEN), ([, number]) => Number(number));
  const isInOrder = rest !== null && numbers.every((number, index) => number === index);
  return isInOrder ? null : `${name}: not the beginning of its answer: ${text.slice(0, 80)}`;
}
