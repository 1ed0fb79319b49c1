import { Injectable } from '@nestjs/common';
import { journal } from '../common/logging/journal';
import { UnitOfWork } from '../database/unit-of-work';
import { MessageRepository } from './message.repository';
import { SessionNotFoundError } from './session.errors';
import { SessionRepository } from './session.repository';
import type { HistoryMessage, NewMessage } from './session.types';

/** Runs in the transaction that erases a session; what it answers, when that is durable. */
export type Eraser = (sessionId: string) => Promise<() => Promise<void>>;

/** Writes sessions. All but `erase` join the caller's unit of work. */
@Injectable()
export class SessionService {
  private readonly erasers: Eraser[] = [];

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

  /** For those who keep something of a session outside of the database. */
  onErase(eraser: Eraser): void {
    this.erasers.push(eraser);
  }

  async erase(sessionId: string): Promise<void> {
    const clearings = await this.unitOfWork.run(async () => {
      const prepared = [];
      for (const eraser of this.erasers) prepared.push(await eraser(sessionId));
      return (await this.sessions.erase(sessionId)) ? prepared : null;
    });
    if (!clearings) throw new SessionNotFoundError();
    for (const clear of clearings) await clear();
    journal(`session_erased:${sessionId}`, { session_id: sessionId });
  }
}
