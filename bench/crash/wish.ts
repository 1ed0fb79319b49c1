import type { Random } from '../support/random';

/** How a question wants to be answered: by the model, piece by piece, after some tools perhaps. */
export interface Wish {
  /** At each step. */
  pieces: number;
  everyMs: number;
  /** Steps that end with a call of a tool. */
  tools: number;
  /** Pieces so large that several are stored before the time for it has come. */
  isLoud: boolean;
}

const PREFIX = 'streamed question';

export const newWish = (random: Random): Wish => ({
  pieces: 1 + Math.floor(random.upTo(40)),
  everyMs: Math.floor(random.upTo(25)),
  tools: random.chance(0.3) ? 1 + Math.floor(random.upTo(2)) : 0,
  isLoud: random.chance(0.2),
});

export const questionWith = (number: number, wish: Wish): string => `${PREFIX} ${number} ${JSON.stringify(wish)}`;

export const isQuestion = (text: string): boolean => /^(streamed )?question \d+/.test(text);

/** Null: it is a question for Switch. */
export const wishIn = (question: string): Wish | null =>
  question.startsWith(PREFIX) ? (JSON.parse(question.slice(question.indexOf('{'))) as Wish) : null;
