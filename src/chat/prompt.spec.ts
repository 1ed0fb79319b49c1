import fc from 'fast-check';
import { violations } from '../../test/support/openai-rules';
import { aMessage, aCall, anyText, type Tables, budgets, session, promptsAlong } from '../../test/support/session-log';
import type { ChatMessage, ToolRequest } from '../switch-gateway/switch-gateway.types';
import { type PromptInput, buildPrompt } from './prompt';

const anInput = (more: Partial<PromptInput> = {}): PromptInput => ({
  history: [],
  toolCalls: [],
  turnId: 'now',
  message: 'so?',
  contextSummary: null,
  historyMaxBytes: 10_000,
  toolsMaxBytes: 10_000,
  ...more,
});

/** The number of a call that is asked for, or answered, in a prompt. */
const numberOf = (requestId: string): number => parseInt(requestId, 36);
const requestsOf = (message: ChatMessage): ToolRequest[] =>
  message.role === 'assistant' ? (message.toolCalls ?? []) : [];
const callsIn = (message: ChatMessage): number[] =>
  message.role === 'tool' ? [numberOf(message.toolCallId)] : requestsOf(message).map(({ id }) => numberOf(id));
const bytesOf = (messages: ChatMessage[]): number =>
  messages
    .flatMap((message) => [
      message.content,
      ...requestsOf(message).flatMap(({ name, arguments: given }) => name + given),
    ])
    .reduce((sum, text) => sum + Buffer.byteLength(text), 0);

describe(buildPrompt.name, () => {
  describe('of any rows', () => {
    const turnId = fc.constantFrom('one', 'two', 'now');
    const history = fc.array(
      fc.record({
        role: fc.oneof(fc.constantFrom('user', 'assistant', 'system', 'tool'), fc.string()),
        content: anyText,
        turnId: fc.option(turnId),
        isIncomplete: fc.boolean(),
      }),
    );
    const toolCalls = fc.array(
      fc
        .record({
          id: fc.nat(1_000_000),
          turnId,
          step: fc.integer({ min: 1, max: 3 }),
          toolName: fc.string(),
          arguments: fc.string(),
          told: fc.option(fc.string()),
          source: fc.option(fc.webUrl()),
        })
        .map(({ id, ...more }) => aCall(id, more)),
    );
    const input = fc.record({
      history,
      toolCalls: toolCalls.map((calls) => [...new Map(calls.map((call) => [call.id, call])).values()]),
      turnId: fc.constant('now'),
      message: fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
      contextSummary: fc.option(fc.string()),
      historyMaxBytes: fc.nat(500),
      toolsMaxBytes: fc.nat(500),
    });
    const withoutCalls = input.map((given) => ({ ...given, toolCalls: [] }));

    it('satisfies the rules of OpenAI’s API', () => {
      fc.assert(fc.property(input, (given) => expect(violations(buildPrompt(given))).toEqual([])));
    });

    it('ends with the current message, whatever came before', () => {
      fc.assert(
        fc.property(withoutCalls, (given) => {
          expect(buildPrompt(given).at(-1)).toEqual({ role: 'user', content: given.message });
        }),
      );
    });

    it('speaks in roles that engines know, and never without a text', () => {
      fc.assert(
        fc.property(withoutCalls, (given) => {
          for (const { role, content } of buildPrompt(given).slice(0, -1)) {
            expect(['system', 'user', 'assistant']).toContain(role);
            expect(content.trim()).not.toBe('');
          }
        }),
      );
    });

    it('keeps the history within its budget', () => {
      fc.assert(
        fc.property(withoutCalls, (given) => {
          const rows = given.history.map((row) => ({ ...row, isIncomplete: false }));
          const shown = buildPrompt({ ...given, history: rows, contextSummary: null }).slice(0, -1);
          const told = rows.filter(({ content }) => content.trim() !== '').slice(0, shown.length);
          const bytes = told.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
          expect(bytes).toBeLessThanOrEqual(given.historyMaxBytes);
        }),
      );
    });
  });

  describe('after any part of any session', () => {
    it('satisfies the rules of OpenAI’s API', () => {
      fc.assert(
        fc.property(session, budgets, (acts, given) => {
          for (const { input } of promptsAlong(acts, given)) expect(violations(buildPrompt(input))).toEqual([]);
        }),
      );
    });

    it('tells what happened in the order in which it did, each turn’s calls after its question', () => {
      fc.assert(
        fc.property(session, budgets, fc.nat(), (acts, given, at) => {
          const { input, tables } = oneOf(promptsAlong(acts, given), at);
          const places = buildPrompt(input).flatMap((message) => placesOf(message, tables, input));
          expect(places).toEqual(places.toSorted((a, b) => a - b));
        }),
      );
    });

    it('attributes no call to a turn that has not made it', () => {
      fc.assert(
        fc.property(session, budgets, fc.nat(), (acts, given, at) => {
          const { input, tables } = oneOf(promptsAlong(acts, given), at);
          let turnId: string | null = null;
          for (const message of buildPrompt(input)) {
            if (message.role === 'user') turnId = tables.askedIn(message.content) ?? input.turnId;
            const makers = callsIn(message).map((id) => tables.call(id).turnId);
            // Before the first question that is told there may be calls of one that is not.
            if (turnId !== null) expect(makers.filter((maker) => maker !== turnId)).toEqual([]);
            if (turnId === null) expect(makers).not.toContain(input.turnId);
          }
        }),
      );
    });

    it('tells one answer of a turn, the last', () => {
      fc.assert(
        fc.property(session, budgets, fc.nat(), (acts, given, at) => {
          const { input } = oneOf(promptsAlong(acts, given), at);
          const answers = input.history.filter(({ role }) => role === 'assistant');
          const last = answers.filter(
            ({ turnId }, index) => answers.findIndex((later) => later.turnId === turnId) === index,
          );
          for (const message of buildPrompt(input)) {
            if (message.role !== 'assistant' || requestsOf(message).length > 0) continue;
            expect(last.map(({ content }) => content)).toContain(message.content);
          }
        }),
      );
    });

    it('keeps to its budgets', () => {
      fc.assert(
        fc.property(session, budgets, fc.nat(), (acts, given, at) => {
          const { input } = oneOf(promptsAlong(acts, given), at);
          const messages = buildPrompt({ ...input, contextSummary: null });
          const now = messages.findIndex(({ content }) => content === input.message);
          expect(bytesOf(messages.slice(0, now))).toBeLessThanOrEqual(input.historyMaxBytes);
          const told = messages.slice(now + 1).filter((message) => message.role === 'tool' && !isLeftOut(message));
          expect(bytesOf(told)).toBeLessThanOrEqual(input.toolsMaxBytes);
        }),
      );
    });

    it('shows an engine what it has asked for last, however little there is room for', () => {
      const calls = ['one', 'two'].map((told, index) => aCall(index + 1, { told: told.repeat(100) }));
      const results = buildPrompt(anInput({ toolCalls: calls, toolsMaxBytes: 60 })).filter(
        ({ role }) => role === 'tool',
      );
      expect(results.map(({ content }) => content.slice(0, 6))).toEqual(['oneone', 'twotwo']);
    });

    it('says whose words a tool’s are', () => {
      fc.assert(
        fc.property(session, budgets, fc.nat(), (acts, given, at) => {
          const { input, tables } = oneOf(promptsAlong(acts, given), at);
          for (const message of buildPrompt(input)) {
            if (message.role !== 'tool' || isLeftOut(message)) continue;
            const { told, source } = tables.call(numberOf(message.toolCallId));
            if (message.content === told) expect(message.source).toBe(source);
          }
        }),
      );
    });

    it('tells everything that has a text, if there is room', () => {
      fc.assert(
        fc.property(session, fc.nat(), (acts, at) => {
          const roomy = { historyMaxBytes: 1e9, toolsMaxBytes: 1e9, historyMaxMessages: 1_000 };
          const { input, tables } = oneOf(promptsAlong(acts, roomy), at);
          const messages = buildPrompt(input);
          const results = messages.flatMap((message) => (message.role === 'tool' ? callsIn(message) : []));
          expect(results.toSorted((a, b) => a - b)).toEqual(
            input.toolCalls.map(({ id }) => id).toSorted((a, b) => a - b),
          );
          const questions = messages.filter(({ role }) => role === 'user').map(({ content }) => content);
          const asked = tables.messages.filter(({ role }) => role === 'user').map(({ content }) => content);
          expect(questions.slice(0, -1)).toEqual(asked.slice(0, questions.length - 1));
          expect(questions.at(-1)).toBe(input.message);
        }),
      );
    });
  });

  it('keeps the newest messages, in the order in which they were said', () => {
    const history = [
      aMessage('assistant', 'four'),
      aMessage('user', 'three'),
      aMessage('assistant', 'two'),
      aMessage('user', 'one'),
    ];
    expect(buildPrompt(anInput({ history, message: 'five', historyMaxBytes: 'fourthree'.length }))).toEqual([
      { role: 'user', content: 'three' },
      { role: 'assistant', content: 'four' },
      { role: 'user', content: 'five' },
    ]);
  });

  it('puts the context in front', () => {
    const prompt = buildPrompt(anInput({ contextSummary: 'It rains.', historyMaxBytes: 0 }));
    expect(prompt[0]).toEqual({ role: 'system', content: 'Context: It rains.' });
  });

  it.each([null, '', ' \n'])('has no context in front when that is %j', (contextSummary) => {
    expect(buildPrompt(anInput({ contextSummary }))).toHaveLength(1);
  });

  it('tells what a tool said rather than playing its role', () => {
    const prompt = buildPrompt(anInput({ history: [aMessage('tool', '42')] }));
    expect(prompt[0]).toEqual({ role: 'system', content: 'tool: 42' });
  });

  it('tells what was called between the question and the answer, what was asked for at once as one message', () => {
    const history = [
      aMessage('assistant', 'It rains.', { turnId: 'old' }),
      aMessage('user', 'Weather?', { turnId: 'old' }),
    ];
    const toolCalls = [
      aCall(1, { turnId: 'old', arguments: '{"url":"https://a.test"}', source: 'https://a.test' }),
      aCall(36, { turnId: 'old', toolName: 'search' }),
      aCall(40, { turnId: 'old', step: 2 }),
    ];
    expect(buildPrompt(anInput({ history, toolCalls }))).toEqual([
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [
          { id: '000000001', name: 'read_page', arguments: '{"url":"https://a.test"}' },
          { id: '000000010', name: 'search', arguments: '{}' },
        ],
      },
      {
        role: 'tool',
        toolCallId: '000000001',
        toolName: 'read_page',
        content: 'what 1 found',
        source: 'https://a.test',
      },
      { role: 'tool', toolCallId: '000000010', toolName: 'search', content: 'what 36 found', source: null },
      { role: 'assistant', content: '', toolCalls: [{ id: '000000014', name: 'read_page', arguments: '{}' }] },
      { role: 'tool', toolCallId: '000000014', toolName: 'read_page', content: 'what 40 found', source: null },
      { role: 'assistant', content: 'It rains.' },
      { role: 'user', content: 'so?' },
    ]);
  });

  it('tells what this turn has called after its question', () => {
    const prompt = buildPrompt(anInput({ toolCalls: [aCall(1), aCall(2, { step: 2 })] }));
    expect(prompt.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant', 'tool']);
  });

  it.each([
    ['read_page', '{"url":"https://a.test"}', 'read_page', '{"url":"https://a.test"}'],
    ['two words', '{}', 'unknown_tool', '{}'],
    ['größe', '{}', 'unknown_tool', '{}'],
    ['', '', 'unknown_tool', '{}'],
    ['x'.repeat(65), '{"cut":', 'unknown_tool', '{}'],
    ['search', '["rain"]', 'search', '{}'],
    ['search', 'null', 'search', '{}'],
    ['search', '"rain"', 'search', '{}'],
  ])('of a call of %j with %j shows %j with %j', (toolName, given, name, shown) => {
    const [, asked, answered] = buildPrompt(anInput({ toolCalls: [aCall(1, { toolName, arguments: given })] }));
    expect(requestsOf(asked!)).toEqual([{ id: '000000001', name, arguments: shown }]);
    expect(answered).toMatchObject({ toolName: name });
  });

  it.each([null, '', ' \n'])('says of a call that has not ended, told %j, that it was interrupted', (told) => {
    const prompt = buildPrompt(anInput({ toolCalls: [aCall(1, { status: 'pending', told })] }));
    expect(prompt.at(-1)).toMatchObject({ role: 'tool', content: expect.stringContaining('interrupted') });
  });

  it.each(['', ' \n'])('does not say of a call that went well and found %j that it was interrupted', (told) => {
    const result = buildPrompt(anInput({ toolCalls: [aCall(1, { told })] })).at(-1)!;
    expect(result.content).not.toContain('interrupted');
    expect(result.content.trim()).not.toBe('');
  });

  it('does not tell an answer that was cut off when its turn was answered after all', () => {
    const history = [
      aMessage('assistant', 'It rains.', { turnId: 'old' }),
      aMessage('assistant', 'It ra', { turnId: 'old', isIncomplete: true }),
      aMessage('user', 'Weather?', { turnId: 'old' }),
    ];
    expect(buildPrompt(anInput({ history })).map(({ content }) => content)).toEqual(['Weather?', 'It rains.', 'so?']);
  });

  it('tells the last of the answers that were cut off, when there is nothing else', () => {
    const history = [
      aMessage('assistant', 'It rai', { turnId: 'old', isIncomplete: true }),
      aMessage('assistant', 'It', { turnId: 'old', isIncomplete: true }),
      aMessage('user', 'Weather?', { turnId: 'old' }),
    ];
    expect(buildPrompt(anInput({ history })).map(({ content }) => content)).toEqual(['Weather?', 'It rai', 'so?']);
  });

  it('tells answers that were cut off before messages knew their turn', () => {
    const history = [
      aMessage('assistant', 'It rai', { isIncomplete: true }),
      aMessage('assistant', 'It', { isIncomplete: true }),
    ];
    expect(buildPrompt(anInput({ history }))).toHaveLength(3);
  });

  it('leaves out the results of this turn’s earlier steps first, and the words of others with them', () => {
    const toolCalls = [
      aCall(1, { told: 'x'.repeat(50), source: 'https://a.test' }),
      aCall(2, { step: 2, told: 'y'.repeat(50), source: 'https://b.test' }),
    ];
    const [, , first, , second] = buildPrompt(anInput({ toolCalls, toolsMaxBytes: 100 }));
    expect(first).toMatchObject({ content: expect.stringContaining('left out'), source: null });
    expect(second).toMatchObject({ content: 'y'.repeat(50), source: 'https://b.test' });
  });

  it('does without the earlier steps of an earlier turn first', () => {
    const history = [aMessage('user', 'Weather?', { turnId: 'old' })];
    const sizes = [1, 90, 30, 30];
    const toolCalls = sizes.map((size, step) => aCall(step, { turnId: 'old', step, told: 'x'.repeat(size) }));
    const prompt = buildPrompt(anInput({ history, toolCalls, historyMaxBytes: 150 }));
    // The first would have fitted, but not without the one after it.
    expect(prompt.flatMap(callsIn)).toEqual([2, 2, 3, 3]);
    expect(prompt[0]).toEqual({ role: 'user', content: 'Weather?' });
  });
});

const oneOf = <T>(all: T[], at: number): T => all[at % all.length]!;

/** Where in a session something belongs that is told: the number of its message, and the part of a turn after it. */
function placesOf(message: ChatMessage, tables: Tables, { turnId, message: current }: PromptInput): number[] {
  if (message.role === 'user' && message.content === current) return [Infinity];
  const calls = callsIn(message);
  if (calls.length === 0) return [tables.messages.findIndex(({ content }) => content === message.content)];
  return calls.map((id) => {
    const call = tables.call(id);
    if (call.turnId === turnId) return Infinity;
    const question = tables.messages.findIndex((row) => row.role === 'user' && row.turnId === call.turnId);
    return question + call.step / 1_000;
  });
}

const isLeftOut = ({ role, content }: ChatMessage): boolean =>
  role === 'tool' && content.startsWith('The result is left out');
