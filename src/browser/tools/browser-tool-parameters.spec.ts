import { z } from 'zod';
import { stepsParameter } from './browser-tool-parameters';

const names = (allowScript: boolean) => {
  const { items } = z.toJSONSchema(stepsParameter(allowScript), { io: 'input' }) as any;
  return items.oneOf.map(({ properties }: any) => properties.action.const);
};

describe(stepsParameter.name, () => {
  it('has all that a task can do, but scripts only where they are allowed', () => {
    const all = ['goto', 'wait_for', 'click', 'fill', 'select', 'press', 'scroll'];
    all.push('extract_text', 'extract_markdown', 'extract_links', 'screenshot', 'pdf');
    expect(names(false)).toEqual(all);
    expect(names(true)).toEqual([...all, 'evaluate']);
  });

  it('takes steps as a browser task has them', () => {
    const steps = [
      { action: 'fill', selector: '#q', value: '' },
      { action: 'press', key: 'Enter' },
      { action: 'wait_for', selector: '#results', state: 'attached' },
      { action: 'scroll', y: -10 },
      { action: 'pdf' },
    ];
    expect(stepsParameter(false).parse(steps)).toEqual(steps);
  });

  it.each([
    ['none', []],
    ['too many', Array.from({ length: 21 }, () => ({ action: 'pdf' }))],
    ['an unknown one', [{ action: 'launch' }]],
    ['a script', [{ action: 'evaluate', script: '1' }]],
    ['a click on nothing', [{ action: 'click' }]],
    ['a click on an empty selector', [{ action: 'click', selector: '' }]],
    ['a selector without end', [{ action: 'click', selector: 'x'.repeat(1_025) }]],
    ['a value that no database holds', [{ action: 'fill', selector: '#a', value: '\0' }]],
    ['a URL that is too long', [{ action: 'goto', url: `https://a.test/${'x'.repeat(2_048)}` }]],
    ['a scroll to nowhere', [{ action: 'scroll', y: 1e9 }]],
  ])('takes no list with %s', (_, steps) => expect(stepsParameter(false).safeParse(steps).success).toBe(false));
});
