import fc from 'fast-check';
import { violations } from '../../test/support/openai-rules';
import type { HistoryMessage } from '../session/session.types';
import type { ChatMessage, ToolRequest } from '../switch-gateway/switch-gateway.types';
import type { TurnToolCall } from '../telemetry/tool-calls/tool-call.types';
import { type PromptInput, buildPrompt } from './prompt';

const aMessage = (role: string, content: string, more: Partial<HistoryMessage> = {}): HistoryMessage => ({
  role,
  content,
  turnId: null,
  isIncomplete: false,
  ...more,
});
const aCall = (id: number, more: Partial<TurnToolCall> = {}): TurnToolCall => ({
  id,
  turnId: 'now',
  sessionId: 's',
  step: 1,
  toolName: 'read_page',
  arguments: '{}',
  status: 'ok',
  durationMs: 1,
  result: null,
  error: null,
  told: `what ${id} found`,
  source: null,
  approval: null,
  approvalExpiresAt: null,
  ...more,
});
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

/** Of one byte to a letter, or of many. */
const anyText = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }));

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

describe(violations.name, () => {
  const user: ChatMessage = { role: 'user', content: 'Weather?' };
  const asking = (...toolCalls: ToolRequest[]): ChatMessage => ({ role: 'assistant', content: '', toolCalls });
  const request = (id: string, more: Partial<ToolRequest> = {}): ToolRequest => ({
    id,
    name: 'search',
    arguments: '{}',
    ...more,
  });
  const result = (toolCallId: string, more: { toolName?: string; content?: string } = {}): ChatMessage => ({
    role: 'tool',
    toolCallId,
    toolName: 'search',
    content: 'rain',
    source: null,
    ...more,
  });

  it.each<[string, ChatMessage[]]>([
    ['a question', [user]],
    ['a context, and questions without an answer', [{ role: 'system', content: 'Be brief.' }, user, user]],
    ['an answer, and a question', [user, { role: 'assistant', content: 'rain' }, user]],
    ['an assistant that asks for nothing', [user, { role: 'assistant', content: 'rain', toolCalls: [] }, user]],
    ['answered calls', [user, asking(request('a'), request('b')), result('a'), result('b')]],
    ['calls that are answered in another order', [user, asking(request('a'), request('b')), result('b'), result('a')]],
    ['an id that comes again later', [user, asking(request('a')), result('a'), asking(request('a')), result('a')]],
    ['calls with a text', [user, { role: 'assistant', content: 'Wait.', toolCalls: [request('a')] }, result('a')]],
  ])('takes %s', (_, messages) => expect(violations(messages)).toEqual([]));

  it.each<[string, ChatMessage[]]>([
    ['nothing at all', []],
    ['a role that it does not know', [{ role: 'developer', content: 'Be brief.' } as unknown as ChatMessage, user]],
    ['an assistant at the end', [user, { role: 'assistant', content: 'rain' }]],
    ['a system message at the end', [user, { role: 'system', content: 'Be brief.' }]],
    ['a blank question', [{ role: 'user', content: ' \n' }]],
    ['a blank context', [{ role: 'system', content: '' }, user]],
    ['a blank answer', [user, { role: 'assistant', content: '' }, user]],
    ['a blank answer that asks for nothing', [user, { role: 'assistant', content: '', toolCalls: [] }, user]],
    ['a blank result', [user, asking(request('a')), result('a', { content: ' ' })]],
    ['a call without an answer at the end', [user, asking(request('a'), request('b')), result('a')]],
    ['a call without an answer before a question', [user, asking(request('a'), request('b')), result('a'), user]],
    ['a call that is answered too late', [user, asking(request('a')), user, result('a')]],
    ['a call that is answered twice', [user, asking(request('a')), result('a'), result('a')]],
    ['an answer to no call', [user, result('a')]],
    ['an answer to an earlier call', [user, asking(request('a')), result('a'), user, result('a')]],
    ['two calls of one id', [user, asking(request('a'), request('a')), result('a')]],
    ['an empty id', [user, asking(request('')), result('')]],
    ['an id that is too long', [user, asking(request('a'.repeat(41))), result('a'.repeat(41))]],
    ['an id with a blank', [user, asking(request('a b')), result('a b')]],
    ['an empty name', [user, asking(request('a', { name: '' })), result('a')]],
    ['a name that is too long', [user, asking(request('a', { name: 'a'.repeat(65) })), result('a')]],
    ['a name with an umlaut', [user, asking(request('a', { name: 'größe' })), result('a')]],
    ['a result under a name with a blank', [user, asking(request('a')), result('a', { toolName: 'a b' })]],
    ['arguments that are no JSON', [user, asking(request('a', { arguments: '{' })), result('a')]],
    ['no arguments', [user, asking(request('a', { arguments: '' })), result('a')]],
    ['arguments in an array', [user, asking(request('a', { arguments: '[]' })), result('a')]],
    ['null for arguments', [user, asking(request('a', { arguments: 'null' })), result('a')]],
  ])('refuses %s', (_, messages) => expect(violations(messages)).not.toEqual([]));
});

/** What a session's log says, with what the rows have besides. */
type Logged =
  | { type: 'message.created'; message: HistoryMessage & { turnId: string } }
  | { type: 'turn.started' | 'turn.awaiting_approval' | 'turn.resumed'; turnId: string }
  | { type: 'turn.succeeded' | 'turn.failed' | 'turn.cancelled'; turnId: string }
  | { type: 'message.delta'; turnId: string; text: string }
  | { type: 'tool_call.started' | 'tool_call.awaiting_approval'; call: TurnToolCall }
  | { type: 'tool_call.decided'; id: number; decision: 'approved' | 'rejected' }
  | { type: 'tool_call.finished'; id: number; status: 'ok' | 'error'; told: string | null; source: string | null };

/** What the tables hold after a part of a log. */
class Tables {
  /** Oldest first. */
  readonly messages: (HistoryMessage & { turnId: string })[] = [];
  readonly toolCalls: TurnToolCall[] = [];

  constructor(log: Logged[]) {
    for (const event of log) this.take(event);
  }

  call(id: number): TurnToolCall {
    return this.toolCalls.find((call) => call.id === id)!;
  }

  askedIn(question: string): string | undefined {
    return this.messages.find(({ role, content }) => role === 'user' && content === question)?.turnId;
  }

  /** What is read for a turn whose question is, or would be, at this place. */
  inputFor(turnId: string, message: string, place: number, given: Budgets): PromptInput {
    const { historyMaxMessages, ...budgets } = given;
    const history = this.messages.slice(0, place).reverse().slice(0, historyMaxMessages);
    const turnIds = new Set([turnId, ...history.map((row) => row.turnId)]);
    const toolCalls = this.toolCalls
      .filter((call) => turnIds.has(call.turnId))
      .sort((a, b) => a.turnId.localeCompare(b.turnId) || a.step - b.step || a.id - b.id);
    return { history, toolCalls, turnId, message, contextSummary: null, ...budgets };
  }

  private take(event: Logged): void {
    if (event.type === 'message.created') this.messages.push(event.message);
    if (event.type === 'tool_call.awaiting_approval') this.toolCalls.push({ ...event.call, approval: 'pending' });
    // What somebody has agreed to begins when it is on record already.
    if (event.type === 'tool_call.started' && !this.call(event.call.id)) this.toolCalls.push({ ...event.call });
    if (event.type === 'tool_call.decided') this.call(event.id).approval = event.decision;
    if (event.type === 'tool_call.finished') {
      const { status, told, source } = event;
      Object.assign(this.call(event.id), { status, told, source });
    }
  }
}

interface Budgets {
  historyMaxBytes: number;
  toolsMaxBytes: number;
  historyMaxMessages: number;
}
const budgets: fc.Arbitrary<Budgets> = fc.record({
  historyMaxBytes: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(5_000)),
  toolsMaxBytes: fc.oneof(fc.constant(0), fc.nat(200), fc.nat(5_000)),
  historyMaxMessages: fc.oneof(fc.nat(3), fc.constant(1_000)),
});

const plannedCall = fc.record({
  toolName: fc.oneof(
    fc.constantFrom('read_page', 'search', 'two words', 'größe', '工具', '', 'x'.repeat(65), 'a\nb'),
    fc.string(),
  ),
  arguments: fc.oneof(
    fc.constantFrom('{}', '{"url":"https://a.test"}', '', '[]', 'null', '"{}"', '{"cut":', ' {"a":1}\n'),
    fc.json(),
    fc.string(),
  ),
  told: fc.oneof(fc.constantFrom(null, '', ' \n', 'It rains.\n\nStill.', '雨'.repeat(100)), anyText),
  source: fc.option(fc.webUrl()),
  approval: fc.constantFrom(null, null, 'approved' as const, 'rejected' as const, 'undecided' as const),
  end: fc.constantFrom('ok' as const, 'ok' as const, 'error' as const, null),
  /** Of those that run at once, which ends when. */
  takes: fc.nat(9),
});
type PlannedCall = typeof plannedCall extends fc.Arbitrary<infer T> ? T : never;

const act = fc.record({
  /** Which of the turns that have no answer is tried once more; none: a new one is begun. */
  retryOf: fc.option(fc.nat(), { freq: 1 }),
  question: anyText,
  steps: fc.array(
    fc.record({
      says: fc.array(fc.string(), { maxLength: 2 }),
      calls: fc.array(plannedCall, { minLength: 1, maxLength: 5 }),
    }),
    { maxLength: 3 },
  ),
  says: fc.array(anyText, { maxLength: 3 }),
  end: fc.constantFrom(
    'succeeded' as const,
    'succeeded' as const,
    'failed' as const,
    'cancelled' as const,
    'cut' as const,
  ),
  /** Whether something was said that is kept when it ends without an answer. */
  keeps: fc.boolean(),
  /** Whether calls that have not ended are ended when it does. */
  closes: fc.boolean(),
});
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
const session = fc.array(act, { minLength: 1, maxLength: 5 });

/** What is logged when turns take this course, one after the other. */
function logOf(acts: Act[]): Logged[] {
  const log: Logged[] = [];
  const unanswered: string[] = [];
  const steps = new Map<string, number>();
  let calls = 0;
  for (const [index, { retryOf, question, says, keeps, closes, end, ...given }] of acts.entries()) {
    const isRetry = retryOf !== null && unanswered.length > 0;
    const turnId = isRetry ? unanswered[retryOf % unanswered.length]! : `turn-${index}`;
    const message = (role: string, text: string, isIncomplete: boolean) => {
      const content = `${role} ${index}: ${text}`;
      log.push({ type: 'message.created', message: { role, content, turnId, isIncomplete } });
    };
    const open = new Set<number>();
    if (!isRetry) message('user', question, false);
    log.push({ type: 'turn.started', turnId });
    for (const step of given.steps) {
      log.push(...step.says.map((text): Logged => ({ type: 'message.delta', turnId, text })));
      const number = (steps.get(turnId) ?? 0) + 1;
      steps.set(turnId, number);
      const made = step.calls.map((planned) => ({ id: ++calls, planned }));
      log.push(...logOfStep(turnId, number, made));
      for (const { id } of made) open.add(id);
    }
    log.push(...says.map((text): Logged => ({ type: 'message.delta', turnId, text })));
    if (end === 'succeeded') message('assistant', says.join(''), false);
    if (end === 'failed' || end === 'cancelled') {
      if (keeps) message('assistant', says.join(''), true);
      for (const event of log) if (event.type === 'tool_call.finished') open.delete(event.id);
      if (closes) log.push(...[...open].map((id) => finished(id, 'error', 'This call was cancelled.', null)));
    }
    if (end !== 'cut') log.push({ type: `turn.${end}`, turnId });
    const at = unanswered.indexOf(turnId);
    if (at >= 0) unanswered.splice(at, 1);
    if (end === 'failed' || end === 'cut') unanswered.push(turnId);
  }
  return log;
}

function logOfStep(turnId: string, step: number, made: { id: number; planned: PlannedCall }[]): Logged[] {
  const begun = made.map(({ id, planned: { toolName, arguments: given, approval } }): Logged => {
    const call = aCall(id, { turnId, step, toolName, arguments: given, status: 'pending', told: null });
    return { type: approval === null ? 'tool_call.started' : 'tool_call.awaiting_approval', call };
  });
  const decided = made.flatMap(({ id, planned: { approval } }): Logged[] => {
    if (approval === null || approval === 'undecided') return [];
    const decision: Logged = { type: 'tool_call.decided', id, decision: approval };
    return approval === 'rejected'
      ? [decision, finished(id, 'error', 'A person has refused this call.', null)]
      : [decision, { type: 'tool_call.started', call: aCall(id) }];
  });
  const ended = made
    .filter(({ planned: { approval } }) => approval === null || approval === 'approved')
    .toSorted((a, b) => a.planned.takes - b.planned.takes)
    .flatMap(({ id, planned: { end, told, source } }) => (end === null ? [] : [finished(id, end, told, source)]));
  const waits: Logged[] = made.some(({ planned }) => planned.approval !== null)
    ? [{ type: 'turn.awaiting_approval', turnId }]
    : [];
  const goesOn: Logged[] = waits.length > 0 ? [{ type: 'turn.resumed', turnId }] : [];
  return [...begun, ...waits, ...decided, ...goesOn, ...ended];
}

const finished = (id: number, status: 'ok' | 'error', told: string | null, source: string | null): Logged => ({
  type: 'tool_call.finished',
  id,
  status,
  told,
  source,
});

/** After each event: what is read for a new turn, and for each turn that is there already, as if it were run again. */
function promptsAlong(acts: Act[], given: Budgets): { input: PromptInput; tables: Tables }[] {
  const log = logOf(acts);
  return Array.from({ length: log.length + 1 }, (_, length) => new Tables(log.slice(0, length))).flatMap((tables) => [
    { input: tables.inputFor('next', 'And now?', tables.messages.length, given), tables },
    ...tables.messages.flatMap(({ role, turnId, content }, place) =>
      role === 'user' ? [{ input: tables.inputFor(turnId, content, place, given), tables }] : [],
    ),
  ]);
}

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
