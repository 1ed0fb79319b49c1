import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { MessageRepository } from './message.repository';
import type { OperatorSession } from './operator-session.entity';
import { SessionRepository } from './session.repository';
import type { Page } from './session.types';

const BUDGET_MS = 1_000;
const CANDIDATES = 100;
/** Messages looked at in one statement: on SQLite nobody else is served meanwhile. */
const MESSAGES_AT_ONCE = 500;

/**
 * Looks for a text in session ids and messages, session by session, the newest first. Time is bounded: when the budget
 * is spent, the page ends early and its cursor goes on from there.
 */
@Injectable()
export class SessionSearchService {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly messages: MessageRepository,
  ) {}

  async find(
    text: string,
    userId: string | undefined,
    before: number | null,
    limit: number,
  ): Promise<Page<OperatorSession>> {
    const deadline = performance.now() + BUDGET_MS;
    const items: OperatorSession[] = [];
    for (let cursor = before; ;) {
      const candidates = await this.sessions.list(userId, cursor, CANDIDATES);
      for (const session of candidates) {
        if (items.length === limit) return { items, nextCursor: cursor };
        if (await this.contains(session, text)) items.push(session);
        cursor = session.id;
        if (performance.now() > deadline) return { items, nextCursor: cursor };
      }
      if (candidates.length < CANDIDATES) return { items, nextCursor: null };
    }
  }

  private async contains({ sessionId }: OperatorSession, text: string): Promise<boolean> {
    if (sessionId.toLowerCase().includes(text.toLowerCase())) return true;
    for (let after = 0; ;) {
      const { isFound, next } = await this.messages.lookFor(text, sessionId, after, MESSAGES_AT_ONCE);
      await setImmediate();
      if (isFound || next === null) return isFound;
      after = next;
    }
  }
}
