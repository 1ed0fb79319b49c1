import { Client, expectOk } from '../support/client';
import type { Findings } from './findings';
import { type Promised, describe } from './ledger';

interface SessionBody {
  messages: { id: number; role: string; content: string; turn_id: string }[];
  next_cursor: string | null;
}

/** Looks for acknowledged turns the way a client would: by reading their whole sessions over HTTP. */
export async function readBack(url: string, promised: Promised[], findings: Findings): Promise<void> {
  const client = new Client(url, 4);
  const sessions = [...new Set(promised.map(({ sessionId }) => sessionId))];
  const messages = (await Promise.all(sessions.map((sessionId) => everyMessage(client, sessionId)))).flat();
  client.close();

  const seen = new Map<string, number>();
  for (const { turn_id, role, content } of messages) {
    const row = JSON.stringify([turn_id, role, content]);
    seen.set(row, (seen.get(row) ?? 0) + 1);
  }
  for (const promise of promised) {
    const { entry, turnId, response } = promise;
    const question = seen.get(JSON.stringify([turnId, 'user', entry.message])) ?? 0;
    const answer = seen.get(JSON.stringify([turnId, 'assistant', response])) ?? 0;
    if (question === 0 || answer === 0) findings.add('lost', describe(promise));
    if (question > 1 || answer > 1) findings.add('duplicated', describe(promise));
  }
}

async function everyMessage(client: Client, sessionId: string): Promise<SessionBody['messages']> {
  const messages: SessionBody['messages'] = [];
  let cursor: string | null = null;
  do {
    const query: string = `limit=1000${cursor === null ? '' : `&cursor=${cursor}`}`;
    const page: SessionBody = expectOk(await client.get(`/operator/session/${sessionId}?${query}`));
    messages.unshift(...page.messages);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return messages;
}
