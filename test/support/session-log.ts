import fc from 'fast-check';
import type { PromptInput } from '../../src/chat/prompt';
import type { HistoryMessage } from '../../src/session/session.types';
import type { TurnToolCall } from '../../src/telemetry/tool-calls/tool-call.types';

export const aMessage = (role: string, content: string, more: Partial<HistoryMessage> = {}): HistoryMessage => ({
  role,
  content,
  turnId: null,
  isIncomplete: false,
  ...more,
});
export const aCall = (id: number, more: Partial<TurnToolCall> = {}): TurnToolCall => ({
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
/** Of one byte to a letter, or of many. */
export const anyText = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }));

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
export class Tables {
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

export interface Budgets {
  historyMaxBytes: number;
  toolsMaxBytes: number;
  historyMaxMessages: number;
}
export const budgets: fc.Arbitrary<Budgets> = fc.record({
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
export const session = fc.array(act, { minLength: 1, maxLength: 5 });

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
export function promptsAlong(acts: Act[], given: Budgets): { input: PromptInput; tables: Tables }[] {
  const log = logOf(acts);
  return Array.from({ length: log.length + 1 }, (_, length) => new Tables(log.slice(0, length))).flatMap((tables) => [
    { input: tables.inputFor('next', 'And now?', tables.messages.length, given), tables },
    ...tables.messages.flatMap(({ role, turnId, content }, place) =>
      role === 'user' ? [{ input: tables.inputFor(turnId, content, place, given), tables }] : [],
    ),
  ]);
}
