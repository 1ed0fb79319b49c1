import { BoundedLabel } from './bounded-label';

describe(BoundedLabel, () => {
  it('keeps the first values and calls later ones other', () => {
    const engines = new BoundedLabel(2);
    expect(['a', 'b', 'c', 'a', 'd', 'b'].map((name) => engines.of(name))).toEqual([
      'a',
      'b',
      'other',
      'a',
      'other',
      'b',
    ]);
  });

  it('keeps values short', () => {
    expect(new BoundedLabel().of('x'.repeat(10_000))).toBe('x'.repeat(64));
  });
});
