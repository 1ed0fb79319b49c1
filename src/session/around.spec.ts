import fc from 'fast-check';
import { around } from './around';

describe(around.name, () => {
  const LONG = `${'a '.repeat(200)}The needle is here. ${'b '.repeat(200)}`;

  it.each([
    ['short', 'or', 'short'],
    ['two\nlines\t of  text ', 'lines', 'two lines of text'],
    ['', 'x', ''],
  ])('shows %j whole', (text, query, shown) => expect(around(text, query, 40)).toBe(shown));

  it('shows the place, and what stands around it', () => {
    const shown = around(LONG, 'NEEDLE', 100);
    expect(shown).toMatch(/^…(a )+The needle is here\. (b )+b?…$/);
    expect(shown).toHaveLength(100);
  });

  it('shows a place at the beginning or at the end with all that there is on that side', () => {
    expect(around(`needle ${LONG}`, 'needle', 50)).toMatch(/^needle a.*…$/);
    expect(around(`${LONG} a pin`, 'a pin', 50)).toMatch(/^….* a pin$/);
  });

  it('shows the beginning where it does not find the place again', () => {
    expect(around(LONG, 'nothing', 20)).toBe('a a a a a a a a a …');
  });

  it('is one line of bounded length and of whole characters, with the place in it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', ' ', '\n', '😀', 'é'), maxLength: 400 });
    const query = fc.string({ unit: fc.constantFrom('x', 'Y', '😀'), minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(text, query, text, (before, sought, after) => {
        const shown = around(`${before}${sought}${after}`, sought.toLowerCase(), 200);
        expect(shown.length).toBeLessThanOrEqual(200);
        expect(shown).not.toContain('\n');
        expect(shown.isWellFormed()).toBe(true);
        expect(shown.toLowerCase()).toContain(sought.toLowerCase());
      }),
    );
  });
});
