import { Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { EventStreamService } from '../events/event-stream.service';
import type { EventFrame } from '../events/event-frame';
import { TURN_ENDS, type TurnEnd } from '../events/events.types';
import { ChatService } from './chat.service';
import type { ChatCommand } from './turn.types';

/** Lets a client watch the turn that it has begun. */
@Injectable()
export class ChatStreamService {
  constructor(
    private readonly chat: ChatService,
    private readonly streams: EventStreamService,
  ) {}

  /** Throws as long as nothing was begun; after that, what goes wrong is an event. */
  async serve(command: ChatCommand, response: Response): Promise<void> {
    this.streams.admit();
    const { turnId, sessionId, attempt, after, isReplay } = await this.chat.start(command);
    if (isReplay) response.set('Idempotency-Replayed', 'true');
    const isLast = ({ type, data }: EventFrame): boolean => {
      if (!TURN_ENDS.has(type)) return false;
      const end = JSON.parse(data) as TurnEnd;
      return end.turn_id === turnId && end.attempt >= attempt;
    };
    await this.streams.serveSession(response, { sessionId, after, isLast });
  }
}
