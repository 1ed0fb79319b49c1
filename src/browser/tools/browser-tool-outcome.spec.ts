import type { OperatorArtifact } from '../artifacts/operator-artifact.entity';
import {
  PAGE_BYTES,
  type Visited,
  actOutcome,
  extractOutcome,
  failureOf,
  pageOutcome,
  pictureOutcome,
} from './browser-tool-outcome';
import type { StepReport } from '../engine/browser-engine.types';
import type { OperatorBrowserTask } from '../tasks/operator-browser-task.entity';

const AT = new Date('2026-11-25T09:30:00Z');

const anArtifact = (id: number, kind: OperatorArtifact['kind'], step: number | null = null, bytes = 100) =>
  ({
    id,
    taskId: 3,
    attempt: 1,
    step,
    kind,
    contentType: kind === 'text' ? 'text/plain; charset=utf-8' : 'image/png',
    bytes,
    sha256: 'f'.repeat(64),
    fileName: 'secret-name',
    createdAt: AT,
  }) as OperatorArtifact;

const aStep = (action: StepReport['action'], more: Partial<StepReport> = {}): StepReport => ({
  action,
  status: 'done',
  startedMs: 0,
  durationMs: 12,
  error: null,
  value: null,
  ...more,
});

function aVisit(
  task: Partial<OperatorBrowserTask> = {},
  artifacts: OperatorArtifact[] = [],
  result: { engine?: string; httpStatus?: number | null; steps?: StepReport[] } | null = {},
): Visited {
  const whole = {
    id: 3,
    sessionId: 's',
    toolCallId: 7,
    url: 'https://a.test/',
    finalUrl: 'https://a.test/end',
    status: 'done',
    title: 'A page',
    text: 'What it says.',
    error: null,
    errorCode: null,
    snapshotPath: null,
    effects: 'read',
    createdAt: AT,
    executedAt: AT,
    finishedAt: AT,
    ...task,
    result: result && { engine: 'playwright', httpStatus: 200, steps: [aStep('goto')], ...result },
  };
  return { task: whole as OperatorBrowserTask, artifacts };
}

describe('What an engine is told of', () => {
  describe('a page', () => {
    it('is title, address and text, as the words of the page where it was in the end', () => {
      const outcome = pageOutcome(aVisit({ snapshotPath: 'artifacts/x' }, [anArtifact(5, 'snapshot')]));
      expect(outcome).toEqual({
        text: 'A page\nhttps://a.test/end\n\nWhat it says.',
        source: 'https://a.test/end',
        result: {
          task_id: 3,
          status: 'done',
          url: 'https://a.test/',
          final_url: 'https://a.test/end',
          title: 'A page',
          http_status: 200,
          text_bytes: 13,
          artifacts: [{ id: 5, kind: 'snapshot', content_type: 'image/png', bytes: 100, url: '/operator/artifact/5' }],
          snapshot_url: '/operator/browser/task/3/snapshot',
          error: null,
        },
      });
    });

    it('that is long is its beginning, and where the whole is', () => {
      const { text, result } = pageOutcome(aVisit({ text: 'Once' }, [anArtifact(6, 'text', null, 90_000)]));
      const where = 'All of it, 90000 bytes, is kept for a person to look at: /operator/artifact/6';
      expect(text).toBe(`A page\nhttps://a.test/end\n\nOnce\n[This is the beginning. ${where}]`);
      expect(result).toMatchObject({ text_bytes: 90_000 });
    });

    it('that says nothing, and has no title, is that', () => {
      const { text, source } = pageOutcome(aVisit({ title: null, text: ' \n', finalUrl: null }));
      expect(text).toBe('No title\nhttps://a.test/\n\nThere is nothing.');
      expect(source).toBe('https://a.test/');
    });

    it('has one line for a title, and no endless one', () => {
      const { text } = pageOutcome(aVisit({ title: `Two\nlines ${'x'.repeat(1_000)}` }));
      expect(text.split('\n')).toHaveLength(4);
      expect(text.length).toBeLessThan(300);
    });

    it('that nobody opened, since there is a stub, is that', () => {
      expect(pageOutcome(aVisit({ text: null }, [], { engine: 'stub' })).text).toContain('BROWSER_IMPL=stub');
    });
  });

  describe('a part of a page', () => {
    const told = (visited: Visited, format: 'text' | 'markdown' | 'links', content: string) =>
      extractOutcome(visited, format, content).text.split('\n\n').slice(1).join('\n\n');

    it('is the text, or the Markdown', () => {
      expect(told(aVisit(), 'text', 'a\n\nb')).toBe('a\n\nb');
      expect(told(aVisit(), 'markdown', '# a\n\n*b*')).toBe('# a\n\n*b*');
      expect(told(aVisit(), 'text', '')).toBe('There is nothing.');
    });

    it('that is long is its beginning, and where the whole is', () => {
      const content = 'ä'.repeat(PAGE_BYTES);
      const visited = aVisit({}, [anArtifact(1, 'markdown'), anArtifact(2, 'markdown', 1, 2 * PAGE_BYTES)]);
      const [shown, more] = told(visited, 'markdown', content).split('\n');
      expect(shown).toBe('ä'.repeat(PAGE_BYTES / 2));
      expect(more).toBe(
        `[This is the beginning. All of it, ${2 * PAGE_BYTES} bytes, is kept for a person to look at: /operator/artifact/2]`,
      );
      expect(told(aVisit(), 'markdown', content).split('\n')[1]).toBe('[This is the beginning.]');
    });

    it('is its links, one a line, whatever stands in them', () => {
      const links = [
        { text: 'One\n  two', href: 'https://a.test/1' },
        { text: '', href: 'https://a.test/2' },
      ];
      expect(told(aVisit(), 'links', JSON.stringify(links))).toBe('https://a.test/1 One two\nhttps://a.test/2');
      expect(told(aVisit(), 'links', '[]')).toBe('There is nothing.');
      expect(told(aVisit(), 'links', 'null')).toBe('There is nothing.');
    });

    it('has no half of a link', () => {
      const links = Array.from({ length: 1_000 }, (_, n) => ({ text: `Link ${n}`, href: `https://a.test/${n}` }));
      const lines = told(aVisit({}, [anArtifact(2, 'links', 1)]), 'links', JSON.stringify(links)).split('\n');
      expect(lines.pop()).toMatch(/^\[This is the beginning\. .*\/operator\/artifact\/2\]$/);
      expect(lines.length).toBeGreaterThan(100);
      for (const [n, line] of lines.entries()) expect(line).toBe(`https://a.test/${n} Link ${n}`);
    });
  });

  describe('a picture', () => {
    it('is where it is', () => {
      const { text } = pictureOutcome(aVisit({}, [anArtifact(4, 'text'), anArtifact(5, 'screenshot', 1)]));
      expect(text).toMatch(/The picture is kept, for a person to look at: \/operator\/artifact\/5$/);
    });

    it('that was not kept is nothing', () => expect(pictureOutcome(aVisit()).text).toMatch(/There is nothing\.$/));
  });

  describe('steps', () => {
    const steps = [
      aStep('goto', { value: { http_status: 200, loaded: true } }),
      aStep('fill'),
      aStep('extract_text', { value: 'Three results' }),
      aStep('extract_text', { value: 'x'.repeat(5_000) }),
    ];

    it('is how each went, what came of it, and the page afterwards', () => {
      const { text, result } = actOutcome(aVisit({ effects: 'write' }, [], { steps }));
      expect(text.split('\n')).toEqual([
        'A page',
        'https://a.test/end',
        '',
        '1. goto: done',
        '{"http_status":200,"loaded":true}',
        '2. fill: done',
        '3. extract_text: done',
        'Three results',
        '4. extract_text: done',
        'x'.repeat(1_024),
        '',
        'What it says.',
      ]);
      expect(result).toMatchObject({ steps: steps.map(({ action }) => ({ action, status: 'done', error: null })) });
      expect(JSON.stringify(result)).not.toContain('Three results');
    });
  });

  describe('a task that did not end well', () => {
    const failed = (task: Partial<OperatorBrowserTask>, steps: StepReport[] = []) =>
      failureOf(aVisit({ status: 'error', title: null, text: null, finalUrl: null, ...task }, [], { steps }));

    it('is the code and the words of the task, and what it has found', () => {
      const { code, message, result, source } = failed({
        errorCode: 'navigation_failed',
        error: 'The page could not be opened: unresolved.',
      });
      expect([code, message]).toEqual(['navigation_failed', 'The page could not be opened: unresolved.']);
      expect(source).toBeNull();
      expect(result).toMatchObject({
        task_id: 3,
        status: 'error',
        text_bytes: null,
        error: { error: 'navigation_failed', detail: message },
      });
    });

    it('of a step says what was done before it, if that may have changed something', () => {
      const task = { errorCode: 'step_failed', error: 'click: Timeout.', finalUrl: 'https://a.test/form' };
      const steps = [aStep('goto'), aStep('fill'), aStep('click', { status: 'error', error: 'click: Timeout.' })];
      expect(failed({ ...task, effects: 'write' }, steps)).toMatchObject({
        message: 'click: Timeout. Done before that: goto, fill.',
        // It may quote the page.
        source: 'https://a.test/form',
        result: { steps: [{ status: 'done' }, { status: 'done' }, { status: 'error', error: 'click: Timeout.' }] },
      });
      expect(failed(task, steps).message).toBe('click: Timeout.');
      expect(failed({ ...task, effects: 'write' }).message).toBe('click: Timeout.');
    });

    it('that nobody gave a reason for is its status', () => {
      expect(failed({ status: 'cancelled' })).toMatchObject({ code: 'cancelled', message: 'The task is cancelled.' });
    });

    it('and never began has found nothing', () => {
      expect(failureOf(aVisit({ status: 'cancelled' }, [], null)).result).toMatchObject({
        http_status: null,
        steps: [],
      });
    });
  });

  it('names no file of ours', () => {
    const visited = aVisit({}, [anArtifact(1, 'text', 1, 10_000), anArtifact(2, 'snapshot')]);
    const outcomes = [pageOutcome(visited), extractOutcome(visited, 'text', 'x'.repeat(10_000)), actOutcome(visited)];
    expect(JSON.stringify([...outcomes, failureOf(visited)])).not.toContain('secret-name');
  });
});
