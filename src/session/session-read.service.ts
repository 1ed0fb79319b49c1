import { Injectable } from '@nestjs/common';
import { journal } from '../common/logging/journal';
import { MessageRepository } from './message.repository';
import type { OperatorMessage } from './operator-message.entity';
import type { OperatorSession } from './operator-session.entity';
import type { ExportedMessage } from './session-export';
import { MessageToolCallsService, type MessageWithToolCalls } from './message-tool-calls.service';
import { SessionNotFoundError } from './session.errors';
import { SessionRepository } from './session.repository';
import { SessionSearchService } from './session-search.service';
import type { MessageAddress, Page, TurnMessage } from './session.types';

const EXPORT_PAGE = 500;

export interface SessionFilter {
  userId?: string;
  /** Looked for in session ids and messages, whatever the case. */
  text?: string;
}

/** Reads sessions: only what is committed, a page at a time. */
@Injectable()
export class SessionReadService {
  constructor(
    private readonly sessions: SessionRepository,
    private readonly messages: MessageRepository,
    private readonly toolCalls: MessageToolCallsService,
    private readonly search: SessionSearchService,
  ) {}

  async get(sessionId: string): Promise<OperatorSession> {
    const session = await this.sessions.find(sessionId);
    if (!session) throw new SessionNotFoundError();
    return session;
  }

  /** A session with the newest page of its messages older than `before`, in the order in which they were said. */
  async open(
    sessionId: string,
    before: number | null,
    limit: number,
  ): Promise<{ session: OperatorSession; page: Page<MessageWithToolCalls> }> {
    const session = await this.get(sessionId);
    const { items, nextCursor } = await this.history(sessionId, before, limit);
    const page = { items: await this.toolCalls.withFirst(sessionId, items), nextCursor };
    journal(`session_retrieved:${sessionId}`, { session_id: sessionId });
    return { session, page };
  }

  async history(sessionId: string, before: number | null, limit: number): Promise<Page<OperatorMessage>> {
    const newestFirst = await this.messages.page(sessionId, before, limit + 1);
    const items = newestFirst.slice(0, limit).reverse();
    return { items, nextCursor: newestFirst.length > limit ? items[0]!.id : null };
  }

  /** The newest sessions first. A search that takes long ends its page early; its cursor goes on from there. */
  async list({ userId, text }: SessionFilter, before: number | null, limit: number): Promise<Page<OperatorSession>> {
    journal('sessions_listed');
    if (text) return this.search.find(text, userId, before, limit);
    const sessions = await this.sessions.list(userId, before, limit + 1);
    const items = sessions.slice(0, limit);
    return { items, nextCursor: sessions.length > limit ? items.at(-1)!.id : null };
  }

  /** The last message that a turn has in this role. */
  messageOfTurn(turnId: string, role: 'user' | 'assistant'): Promise<TurnMessage | undefined> {
    return this.messages.ofTurn(turnId, role);
  }

  /** What a message belongs to; undefined when there is no such message. */
  addressOfMessage(id: number): Promise<MessageAddress | undefined> {
    return this.messages.address(id);
  }

  /** Every message from the first to the last with every tool call, a page in memory at a time. */
  async *everyMessage(sessionId: string): AsyncGenerator<ExportedMessage> {
    journal(`session_exported:${sessionId}`, { session_id: sessionId });
    let after = 0;
    for (;;) {
      const page = await this.messages.after(sessionId, after, EXPORT_PAGE);
      for (const entry of await this.toolCalls.withFirst(sessionId, page)) {
        yield { message: entry.message, toolCalls: this.toolCalls.everyCall(entry) };
      }
      if (page.length < EXPORT_PAGE) return;
      after = page.at(-1)!.id;
    }
  }
}
