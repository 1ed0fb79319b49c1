import { auditStreams } from './audit-streams';
import type { Findings } from './findings';
import { groupBy } from './group-by';
import { type Entry, type Ledger, describe } from './ledger';
import type { Model } from './model';
import { type EventRow, type MessageRow, type Records, isIncomplete } from './records';
import { type Upstreams, answerTo } from './upstreams';

/** Holds the service's records against what its clients were promised, and against themselves. */
export function audit(records: Records, ledger: Ledger, upstreams: Upstreams, findings: Findings): void {
  const messagesOf = groupBy(records.messages, ({ session_id }) => session_id);
  const eventsOf = groupBy(records.events, ({ session_id }) => session_id);

  checkPromises(records, ledger, findings);
  checkTexts(records, ledger, upstreams.model, findings);
  checkFeedback(records, upstreams.heard, findings);
  auditStreams(records, ledger, upstreams.looks, findings);
  for (const { session_id: sessionId, message_count: count } of records.sessions) {
    const messages = messagesOf.get(sessionId) ?? [];
    const events = eventsOf.get(sessionId) ?? [];
    if (count !== messages.length) {
      findings.add('mismatched', `${sessionId} counts ${count} messages and has ${messages.length}`);
    }
    checkNumbers(sessionId, events, findings);
    checkMessageEvents(sessionId, messages, events, findings);
    checkOneAtATime(sessionId, events, findings);
  }
}

/** Every acknowledged turn is there once, as it was acknowledged. */
function checkPromises({ turns, messages }: Records, ledger: Ledger, findings: Findings): void {
  const turnOf = new Map(turns.map((turn) => [turn.idempotency_key, turn]));
  const messagesOf = groupBy(messages, ({ turn_id }) => turn_id);

  for (const promised of ledger.promised) {
    const { entry, turnId, sessionId, messageId, response } = promised;
    const turn = turnOf.get(entry.key);
    const rows = messagesOf.get(turnId) ?? [];
    const question = rows.find(({ role }) => role === 'user');
    const answer = rows.find(({ role, metadata }) => role === 'assistant' && !isIncomplete(metadata));

    if (!turn || !question || !answer) findings.add('lost', describe(promised));
    else if (
      turn.id !== turnId ||
      turn.session_id !== sessionId ||
      turn.status !== 'succeeded' ||
      question.content !== entry.message ||
      answer.id !== messageId ||
      answer.content !== response
    ) {
      findings.add('mismatched', describe(promised));
    }
  }
}

/** No question is stored twice, no answer is given twice or to another question; each is of one piece. */
function checkTexts({ turns, messages }: Records, ledger: Ledger, model: Model, findings: Findings): void {
  const turnById = new Map(turns.map((turn) => [turn.id, turn]));
  const seen = new Set<string>();
  const answered = new Set<string>();

  for (const { id, session_id, turn_id, role, content, metadata } of messages) {
    if (seen.has(content)) findings.add('duplicated', `message ${id}, "${content}"`);
    seen.add(content);

    const turn = turnById.get(turn_id);
    const asked = turn && ledger.find(turn.idempotency_key);
    const isWhole = !isIncomplete(metadata);
    if (turn?.session_id !== session_id || !asked) findings.add('mismatched', `message ${id} of turn ${turn_id}`);
    else if (role === 'user' && content !== asked.message) findings.add('mismatched', `message ${id}, "${content}"`);
    else if (role === 'assistant') {
      const flaw = flawIn(content, asked, isWhole, model);
      if (flaw) findings.add(asked.wish ? 'spliced' : 'mismatched', `message ${id} of turn ${turn_id}: ${flaw}`);
    }
    if (role !== 'assistant' || !isWhole) continue;
    if (answered.has(turn_id)) findings.add('duplicated', `turn ${turn_id} is answered twice`);
    answered.add(turn_id);
    if (turn?.status !== 'succeeded') {
      findings.add('mismatched', `message ${id} answers turn ${turn_id}, which is ${turn?.status ?? 'missing'}`);
    }
  }
  for (const turn of turns) {
    const asked = ledger.find(turn.idempotency_key);
    if (!asked || !seen.has(asked.message)) findings.add('mismatched', `turn ${turn.id} has no question`);
    if (turn.status === 'succeeded' && !answered.has(turn.id)) {
      findings.add('mismatched', `turn ${turn.id} succeeded without an answer`);
    }
  }
}

/** Switch answers in one piece: there is no beginning of such an answer. */
function flawIn(text: string, { message, wish }: Entry, isWhole: boolean, model: Model): string | null {
  if (wish) return model.flawIn(text, message, isWhole);
  return isWhole && text === answerTo(message) ? null : `"${text}"`;
}

/** A turn and what is to be said of it are durable together: it was said, or is still to be. */
function checkFeedback({ turns, untold }: Records, heard: Set<number>, findings: Findings): void {
  const waiting = new Set(untold);
  for (const { id, status, tokens } of turns) {
    if (status !== 'succeeded' || heard.has(tokens!) || waiting.has(tokens!)) continue;
    findings.add('untold', `turn ${id}, of ${tokens} tokens`);
  }
}

function checkNumbers(sessionId: string, events: EventRow[], findings: Findings): void {
  const wrong = events.findIndex(({ seq }, index) => seq !== index + 1);
  if (wrong >= 0) findings.add('gaps', `${sessionId}: ${events[wrong]!.seq} where ${wrong + 1} was due`);
}

/** Every message was announced, in the order in which it was stored. */
function checkMessageEvents(sessionId: string, messages: MessageRow[], events: EventRow[], findings: Findings): void {
  const announced = events.filter(({ type }) => type === 'message.created').map(({ data }) => data.message_id);
  if (announced.join() !== messages.map(({ id }) => id).join()) {
    findings.add('mismatched', `${sessionId}: its messages and their events differ`);
  }
}

/**
 * From its start to its end a turn is alone in its session, with all that is said and called in it. A crash may leave out
 * the end: then the same turn starts once more, and nobody else in between.
 *
 * Messages alone would not show it: the answer to a question that failed at first may rightly come after later turns.
 */
function checkOneAtATime(sessionId: string, events: EventRow[], findings: Findings): void {
  let running: { turnId: string; attempt: number } | null = null;
  for (const { seq, type, data } of events) {
    const turnId = data.turn_id ?? '';
    const isEnd = /^turn\.(succeeded|failed|cancelled)$/.test(type);
    const isOther: boolean = running !== null && running.turnId !== turnId;
    const isOfNone = running === null && (isEnd || /^(message\.delta|tool_call\.\w+)$/.test(type));
    const isSameAttempt: boolean = type === 'turn.started' && running !== null && data.attempt! <= running.attempt;
    const isOfAnother: boolean =
      type !== 'turn.started' && data.attempt !== undefined && data.attempt !== running?.attempt;
    if (isOther || isOfNone || isSameAttempt || isOfAnother) {
      findings.add('interleaved', `${sessionId}: ${type} of turn ${turnId} at ${seq}`);
    }
    if (type === 'turn.started') running = { turnId, attempt: data.attempt! };
    if (isEnd) running = null;
  }
}
