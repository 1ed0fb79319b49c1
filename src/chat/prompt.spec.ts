import fc from 'fast-check';
import { buildPrompt } from './prompt';

const ENGINES_KNOW = ['system', 'user', 'assistant'];
const history = fc.array(
  fc.record({
    role: fc.oneof(fc.constantFrom('user', 'assistant', 'system', 'tool'), fc.string()),
    content: fc.string(),
  }),
);
const input = fc.record({
  history,
  message: fc.string({ minLength: 1 }),
  contextSummary: fc.option(fc.string()),
  historyMaxBytes: fc.nat(500),
});

describe(buildPrompt.name, () => {
  it('ends with the current message, whatever came before', () => {
    fc.assert(
      fc.property(input, (given) => {
        expect(buildPrompt(given).at(-1)).toEqual({ role: 'user', content: given.message });
      }),
    );
  });

  it('speaks in roles that engines know, and never without a text', () => {
    fc.assert(
      fc.property(input, (given) => {
        for (const { role, content } of buildPrompt(given).slice(0, -1)) {
          expect(ENGINES_KNOW).toContain(role);
          expect(content.trim()).not.toBe('');
        }
      }),
    );
  });

  it('keeps the history within its budget', () => {
    fc.assert(
      fc.property(input, (given) => {
        const shown = buildPrompt({ ...given, contextSummary: null }).slice(0, -1);
        const told = given.history.filter(({ content }) => content.trim() !== '').slice(0, shown.length);
        const bytes = told.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
        expect(bytes).toBeLessThanOrEqual(given.historyMaxBytes);
      }),
    );
  });

  it('keeps the newest messages, in the order in which they were said', () => {
    const given = {
      history: [
        { role: 'assistant', content: 'four' },
        { role: 'user', content: 'three' },
        { role: 'assistant', content: 'two' },
        { role: 'user', content: 'one' },
      ],
      message: 'five',
      contextSummary: null,
      historyMaxBytes: 'fourthree'.length,
    };
    expect(buildPrompt(given)).toEqual([
      { role: 'user', content: 'three' },
      { role: 'assistant', content: 'four' },
      { role: 'user', content: 'five' },
    ]);
  });

  it('puts the context in front', () => {
    const given = { history: [], message: 'hello', contextSummary: 'It rains.', historyMaxBytes: 0 };
    expect(buildPrompt(given)[0]).toEqual({ role: 'system', content: 'Context: It rains.' });
  });

  it('tells what a tool said rather than playing its role', () => {
    const given = {
      history: [{ role: 'tool', content: '42' }],
      message: 'so?',
      contextSummary: null,
      historyMaxBytes: 99,
    };
    expect(buildPrompt(given)[0]).toEqual({ role: 'system', content: 'tool: 42' });
  });
});
