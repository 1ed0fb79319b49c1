import { Injectable } from '@nestjs/common';
import { journal } from '../common/logging/journal';
import { UnitOfWork } from '../database/unit-of-work';
import { MessageRepository } from './message.repository';
import { SessionNotFoundError } from './session.errors';
import { SessionRepository } from './session.repository';
import type { HistoryMessage, NewMessage } from './session.types';

/** Writes sessions. All but `erase` join the caller's unit of work. */
@Injectable()
export class SessionService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly sessions: SessionRepository,
    private readonly messages: MessageRepository,
  ) {}

  /** Makes sure the session exists and makes other writers of it wait. Says whether it is new. */
  async open(sessionId: string, userId: string, at: Date): Promise<boolean> {
    if (await this.sessions.touch(sessionId, at, 0)) return false;
    return this.sessions.create(sessionId, userId, at, 0);
  }

  /** Makes other writers of the session wait until the transaction ends. False: it has been erased. */
  lock(sessionId: string, at: Date): Promise<boolean> {
    return this.sessions.touch(sessionId, at, 0);
  }

  /** Returns the message's id. Makes other writers of the session wait, as `lock` does. */
  async append(message: NewMessage): Promise<number> {
    if (!(await this.sessions.touch(message.sessionId, message.at, 1))) throw new SessionNotFoundError();
    return this.messages.append(message);
  }

  history(sessionId: string, before: number, limit: number): Promise<HistoryMessage[]> {
    return this.messages.history(sessionId, before, limit);
  }

  async erase(sessionId: string): Promise<void> {
    const existed = await this.unitOfWork.run(() => this.sessions.erase(sessionId));
    if (!existed) throw new SessionNotFoundError();
    journal(`session_erased:${sessionId}`, { session_id: sessionId });
  }
}
