/** A token says which it is of its answer, and when it was sent. */
export interface Token {
  index: number;
  /** µs, on the clock that all processes of this machine share. */
  sentAt: number;
}

export interface Arrival extends Token {
  arrivedAt: number;
}

/** As a model takes time to read; until then all chats of a burst have begun. */
export const FIRST_TOKEN_MS = 500;

export const nowUs = (): number => Math.round((performance.timeOrigin + performance.now()) * 1_000);

export const toText = ({ index, sentAt }: Token): string => `${index}:${sentAt};`;

export const delayMs = ({ sentAt, arrivedAt }: Arrival): number => (arrivedAt - sentAt) / 1_000;

/** An answer as it reaches a reader, who puts each piece in its place. Throws as soon as something is wrong with it. */
export class Transcript {
  text = '';
  readonly arrivals: Arrival[] = [];
  private read = 0;

  constructor(private readonly name: string) {}

  add(offset: number, piece: string, arrivedAt: number): void {
    if (offset > this.text.length) throw new Error(`${this.name}: nothing between ${this.text.length} and ${offset}.`);
    const known = this.text.slice(offset, offset + piece.length);
    if (!piece.startsWith(known)) throw new Error(`${this.name}: "${known}" became "${piece}".`);
    this.text += piece.slice(known.length);
    for (let end = this.text.indexOf(';', this.read); end >= 0; end = this.text.indexOf(';', this.read)) {
      const [index, sentAt] = this.text.slice(this.read, end).split(':').map(Number) as [number, number];
      if (index !== this.arrivals.length)
        throw new Error(`${this.name}: ${index} after ${this.arrivals.length} tokens.`);
      this.arrivals.push({ index, sentAt, arrivedAt });
      this.read = end + 1;
    }
  }

  assertSame(text: string, what: string): void {
    if (text !== this.text) throw new Error(`${this.name}: ${what} is "${text}", but "${this.text}" arrived.`);
  }
}
