import { LIST_MAX } from './evidence-queries';
import {
  EVIDENCE_LISTS,
  type Evidence,
  type EvidenceList,
  type EvidenceRows,
  type Parents,
  type RecordAddress,
  type Truncation,
} from './evidence.types';

/** Cuts each list to what it shows, the oldest first, and says which do not have everything. */
export function truncate(rows: EvidenceRows, address: RecordAddress, parents: Parents): Evidence {
  const cut = new Set(EVIDENCE_LISTS.filter((list) => rows[list].length > LIST_MAX));
  // What hangs on a record that is not shown was not looked for, but for the tasks of a session, which it has itself.
  if (address.kind !== 'session') {
    if (cut.has('tool_calls')) cut.add('browser_tasks');
  } else if (cut.has('messages')) cut.add('turns').add('tool_calls');
  if (cut.has('browser_tasks')) cut.add('artifacts');
  return {
    session: rows.session,
    turns: shown(rows.turns),
    messages: shown(rows.messages),
    tool_calls: shown(rows.tool_calls),
    browser_tasks: shown(rows.browser_tasks),
    artifacts: shown(rows.artifacts),
    adjustments: shown(rows.adjustments),
    truncated: EVIDENCE_LISTS.filter((list) => cut.has(list)).map((list) => ({
      list,
      allAt: listedAt(list, address, parents),
    })),
  };
}

const shown = <Row>(newestFirst: Row[]): Row[] => newestFirst.slice(0, LIST_MAX).reverse();

/** The narrowest list of this API that has all of it. */
function listedAt(list: EvidenceList, { kind, id }: RecordAddress, { sessionId }: Parents): Truncation['allAt'] {
  const session = encodeURIComponent(sessionId);
  const byKind = kind === 'session' ? `session_id=${session}` : `${kind}_id=${id}`;
  switch (list) {
    case 'turns':
    case 'messages':
      return `/operator/session/${session}`;
    case 'tool_calls':
      return `/operator/tool/calls?${byKind}`;
    case 'adjustments':
      return `/operator/switch/adjustments?${kind === 'message' ? byKind : `session_id=${session}`}`;
    case 'browser_tasks':
      return `/operator/browser/tasks?${kind === 'tool_call' ? byKind : `session_id=${session}`}`;
    case 'artifacts':
      return null;
  }
}
