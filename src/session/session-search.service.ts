import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { MessageRepository } from './message.repository';
import type { OperatorSession } from './operator-session.entity';
import { SessionRepository } from './session.repository';
import type { FoundMessage, Page } from './session.types';

const BUDGET_MS = 1_000;
const CANDIDATES = 100;
/** Messages looked at in one statement: on SQLite nobody else is served meanwhile. */
const MESSAGES_AT_ONCE = 500;

/** A session in which something was said. */
export interface Discovery {
  session: OperatorSession;
  /** The newest first. */
  messages: FoundMessage[];
}

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

  /**
   * The same in what one user's sessions have in messages, with the places, for the turn that asks, whose own do not count.
   * `isComplete` is false when not everything was looked at.
   */
  async discover(
    text: string,
    { userId, turnId }: { userId: string; turnId: string },
    most: { sessions: number; messages: number },
  ): Promise<{ found: Discovery[]; isComplete: boolean }> {
    const deadline = performance.now() + BUDGET_MS;
    const found: Discovery[] = [];
    for (let cursor: number | null = null; ;) {
      const candidates: OperatorSession[] = await this.sessions.list(userId, cursor, CANDIDATES);
      for (const session of candidates) {
        if (found.length === most.sessions || performance.now() > deadline) return { found, isComplete: false };
        const messages = await this.said(
          { sessionId: session.sessionId, exceptTurn: turnId },
          text,
          most.messages,
          deadline,
        );
        if (messages.length > 0) found.push({ session, messages });
        cursor = session.id;
      }
      if (candidates.length < CANDIDATES) return { found, isComplete: performance.now() <= deadline };
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

  private async said(
    place: { sessionId: string; exceptTurn: string },
    text: string,
    most: number,
    deadline: number,
  ): Promise<FoundMessage[]> {
    const messages: FoundMessage[] = [];
    let before: number | null = null;
    do {
      const missing = most - messages.length;
      const page = await this.messages.lookBack(text, place, before, MESSAGES_AT_ONCE, missing);
      messages.push(...page.found);
      before = page.next;
      await setImmediate();
    } while (before !== null && messages.length < most && performance.now() <= deadline);
    return messages;
  }
}
