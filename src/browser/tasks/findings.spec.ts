import { emptyReport } from '../engine/browser-engine.types';
import { findingsOf } from './findings';

describe(findingsOf.name, () => {
  it('can be stored, whatever a page has put into it', () => {
    const step = { action: 'evaluate' as const, status: 'done' as const, startedMs: 0, durationMs: 1, error: null };
    const { title, text, finalUrl, result } = findingsOf(
      {
        ...emptyReport(),
        title: 'a\0b',
        text: '\ud800',
        finalUrl: 'http://x/\0',
        steps: [{ ...step, value: { deep: ['\0', { er: '\udc00' }] } }],
      },
      'playwright',
    );
    expect([title, text, finalUrl]).toEqual(['a\ufffdb', '\ufffd', 'http://x/\ufffd']);
    expect(result).toMatchObject({ engine: 'playwright', steps: [{ value: { deep: ['\ufffd', { er: '\ufffd' }] } }] });
  });
});
