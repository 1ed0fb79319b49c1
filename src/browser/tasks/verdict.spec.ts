import { TOO_MUCH_MEMORY, VISIT_CODES, VisitError } from '../engine/browser-engine.types';
import { ATTEMPTS_MAX, interrupted, verdictOn } from './verdict';

const READS = { effects: 'read', attempt: 1 } as const;
const READS_AGAIN = { effects: 'read', attempt: ATTEMPTS_MAX } as const;
const WRITES = { effects: 'write', attempt: 1 } as const;
const failure = (code: VisitError['code'], reason: string | null = null) => new VisitError(code, 'It failed.', reason);

describe(verdictOn.name, () => {
  it.each([
    ['what went well', READS, null, null, false, 'done', null],
    ['what went well at the last moment', READS, null, null, true, 'done', null],
    ['what was cancelled', WRITES, failure('stopped'), 'cancelled', false, 'cancelled', null],
    ['what crashed and was cancelled', READS, failure('browser_crashed'), 'cancelled', false, 'cancelled', null],
    ['a step that failed', WRITES, failure('step_failed'), null, false, 'error', 'step_failed'],
    ['a step that time ran out for', READS, failure('step_failed'), null, true, 'timeout', 'deadline_exceeded'],
    ['the deadline', READS, failure('deadline_exceeded'), null, true, 'timeout', 'deadline_exceeded'],
    ['the deadline, of what writes', WRITES, failure('deadline_exceeded'), null, true, 'timeout', 'deadline_exceeded'],
    ['a crash, the first time', READS, failure('browser_crashed'), null, false, 'pending', 'browser_crashed'],
    ['a crash, the second time', READS_AGAIN, failure('page_crashed'), null, false, 'error', 'page_crashed'],
    ['a crash of what writes', WRITES, failure('page_crashed'), null, false, 'unknown_outcome', 'page_crashed'],
    [
      'a browser killed since time was over',
      READS,
      failure('browser_crashed'),
      null,
      true,
      'timeout',
      'deadline_exceeded',
    ],
    ['a page too large', READS, failure('page_crashed', TOO_MUCH_MEMORY), null, false, 'error', 'page_crashed'],
    ['a shutdown', READS, failure('stopped'), 'shutdown', false, 'pending', 'interrupted'],
    ['a shutdown, the second time', READS_AGAIN, failure('stopped'), 'shutdown', false, 'error', 'interrupted'],
    ['a shutdown, of what writes', WRITES, failure('stopped'), 'shutdown', false, 'unknown_outcome', 'interrupted'],
    ['a lost lease', WRITES, failure('stopped'), 'lost', false, 'unknown_outcome', 'interrupted'],
    ['a fault of ours', READS, new TypeError('x is not a function'), null, false, 'error', 'internal_error'],
  ] as const)('of %s', (_, task, error, stopped, isLate, status, code) => {
    const verdict = verdictOn(task, error, stopped, isLate);
    expect([verdict.status, verdict.error?.code ?? null]).toEqual([status, code]);
    expect(verdict.error?.detail ?? '').not.toMatch(/function/);
  });

  it('never lets what writes be begun again, whatever happens', () => {
    for (const code of VISIT_CODES) {
      for (const stopped of [null, 'cancelled', 'shutdown', 'lost'] as const) {
        expect(verdictOn(WRITES, failure(code), stopped, false).status).not.toBe('pending');
      }
    }
    expect(interrupted(WRITES, 'Gone.').status).toBe('unknown_outcome');
  });
});
