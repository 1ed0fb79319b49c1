const VALUE_MAX = 64;

/**
 * Keeps the values of a label few, where others choose them: the first ones are kept, later ones are `other`. Each
 * value is a series of its own in every scrape, for ever.
 */
export class BoundedLabel {
  private readonly known = new Set<string>();

  constructor(private readonly max = 32) {}

  of(value: string): string {
    const short = value.slice(0, VALUE_MAX);
    if (this.known.has(short)) return short;
    if (this.known.size >= this.max) return 'other';
    this.known.add(short);
    return short;
  }
}
