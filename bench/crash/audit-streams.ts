import type { Findings } from './findings';
import { groupBy } from './group-by';
import { type Ledger, addressOf, describe } from './ledger';
import { type EventRow, type Records, type TurnRow, isIncomplete } from './records';

const STATUS_AFTER: Record<string, string> = {
  'turn.started': 'running',
  'turn.succeeded': 'succeeded',
  'turn.failed': 'failed',
  'turn.cancelled': 'cancelled',
};

/** Holds what was streamed, what was said in pieces, and what tools were run against what is left of it. */
export function auditStreams(records: Records, ledger: Ledger, looks: number, findings: Findings): void {
  const eventsOf = groupBy(records.events, ({ data }) => data.turn_id ?? '');

  checkShown(records.events, ledger, findings);
  checkCancelled(records, ledger, findings);
  for (const turn of records.turns) {
    const events = eventsOf.get(turn.id) ?? [];
    checkStatus(turn, events, findings);
    checkPieces(turn, events, records, findings);
  }
  checkToolCalls(records, looks, findings);
}

/** Whatever a client was shown with a `seq` is in the log, byte for byte. What it was not shown it had heard before. */
function checkShown(events: EventRow[], { shown, skipped }: Ledger, findings: Findings): void {
  const stored = new Map(events.map((event) => [addressOf(event.session_id, event.seq), event]));
  for (const [address, json] of shown) {
    const event = stored.get(address);
    const due = event && asShown(event);
    if (due !== json) findings.add('lost', `${address} was shown as ${json} and is ${due ?? 'not there'}`);
  }
  for (const address of skipped) {
    const type = stored.get(address)?.type;
    if (type !== 'message.delta') findings.add('gaps', `${address}, ${type ?? 'which is not there'}, was left out`);
  }
}

const asShown = ({ type, session_id, seq, created_at, json }: EventRow): string =>
  `{"type":"${type}","session_id":"${session_id}","seq":${seq},` +
  `"timestamp":"${created_at.slice(0, 23).replace(' ', 'T')}Z","data":${json}}`;

/** What was cancelled stays so, and of what was said it keeps all that was shown. */
function checkCancelled({ turns, messages }: Records, { cancelled }: Ledger, findings: Findings): void {
  const turnById = new Map(turns.map((turn) => [turn.id, turn]));
  const kept = new Map(messages.filter(({ role }) => role === 'assistant').map((row) => [row.turn_id, row]));
  for (const one of cancelled.values()) {
    const turn = turnById.get(one.turnId);
    if (!turn) findings.add('lost', describe(one));
    else if (turn.status !== 'cancelled') findings.add('not cancelled', `${describe(one)}, is ${turn.status}`);
    const text = kept.get(one.turnId)?.content ?? '';
    if (!text.startsWith(one.shown)) findings.add('lost', `${describe(one)}, said "${one.shown}" and keeps "${text}"`);
  }
}

/** A turn is as its last event says; whoever runs it has a lease. */
function checkStatus(turn: TurnRow, events: EventRow[], findings: Findings): void {
  const last = events.findLast(({ type }) => type in STATUS_AFTER);
  const isSo = last && STATUS_AFTER[last.type] === turn.status && last.data.attempt === turn.attempt;
  if (!isSo) findings.add('mismatched', `turn ${turn.id} is ${turn.status}, its last event is ${last?.type ?? 'none'}`);
  if (turn.status !== 'running') return;
  const isHeld =
    turn.lease_expires_at !== null && Date.parse(`${turn.lease_expires_at.replace(' ', 'T')}Z`) > Date.now();
  if (!isHeld) findings.add('left running', turn.id);
}

/** The pieces of an attempt fit together, and are what was kept of it: of all that was stored nothing is lost. */
function checkPieces(turn: TurnRow, events: EventRow[], { messages }: Records, findings: Findings): void {
  let text = '';
  for (const { type, data } of events) {
    if (type === 'turn.started') text = '';
    if (type === 'message.delta') {
      if (data.offset !== text.length)
        findings.add('spliced', `turn ${turn.id}: a piece for ${data.offset} at ${text.length}`);
      text += data.text;
    }
    if (!(type in STATUS_AFTER) || type === 'turn.started') continue;
    const kept = messages.find(({ id }) => id === data.message_id);
    const isKept = (kept?.content ?? '') === text && kept?.turn_id === (kept && turn.id);
    const isMarked = !kept || isIncomplete(kept.metadata) === (type !== 'turn.succeeded');
    if (!isKept || !isMarked) {
      findings.add('lost', `turn ${turn.id}, ${type}: said "${text}", kept ${JSON.stringify(kept)}`);
    }
  }
}

/** Each call was begun once and ended once, at one attempt; none is open in a turn that is over. */
function checkToolCalls({ toolCalls, turns, events }: Records, looks: number, findings: Findings): void {
  const statusOf = new Map(turns.map(({ id, status }) => [id, status]));
  const eventsOf = groupBy(
    events.filter(({ type }) => type.startsWith('tool_call.')),
    ({ data }) => String(data.tool_call_id),
  );
  const startsOf = groupBy(
    events.filter(({ type }) => type === 'turn.started'),
    ({ data }) => data.turn_id!,
  );
  const steps = new Set<string>();
  for (const { id, turn_id, step, status } of toolCalls) {
    const [begun, ended, ...more] = eventsOf.get(String(id)) ?? [];
    const isBegun = begun?.type === 'tool_call.started' && more.length === 0;
    const isEnded = status === 'pending' ? !ended : ended?.type === 'tool_call.finished';
    // What a crash has interrupted ends before its turn begins once more: so it is not run then.
    const isRunOn = ended && startsOf.get(turn_id)?.some(({ seq }) => seq > begun!.seq && seq < ended.seq);
    if (!isBegun || !isEnded || isRunOn) findings.add('duplicated', `call ${id}, ${status}, or what is told of it`);
    if (steps.has(`${turn_id} ${step}`)) findings.add('duplicated', `step ${step} of turn ${turn_id}`);
    steps.add(`${turn_id} ${step}`);
    if (status === 'pending' && statusOf.get(turn_id) !== 'running') {
      findings.add('left pending', `call ${id} of turn ${turn_id}, which is ${statusOf.get(turn_id) ?? 'missing'}`);
    }
  }
  if (looks > toolCalls.length) findings.add('duplicated', `${looks} runs of ${toolCalls.length} calls`);
}
