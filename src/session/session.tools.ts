import { Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { ToolRegistryService } from '../tools/tool-registry.service';
import type { ToolContext, ToolOutcome } from '../tools/tool.types';
import { MessageRepository } from './message.repository';
import { SessionSearchService } from './session-search.service';

const EXCERPT_BEFORE = 80;
const EXCERPT_LENGTH = 200;
const EXCERPTS_PER_SESSION = 3;

/** What was said before, in whichever session of the same user. */
@Injectable()
export class SessionTools implements OnModuleInit {
  constructor(
    private readonly registry: ToolRegistryService,
    private readonly search: SessionSearchService,
    private readonly messages: MessageRepository,
  ) {}

  onModuleInit(): void {
    this.registry.offer({
      name: 'session_search',
      description:
        'Looks for a text in earlier conversations of this user, whatever the case. Returns the sessions it was found ' +
        'in, the newest first, and the places. Use it when something refers to what was said before.',
      parameters: z.object({
        query: z.string().trim().min(1).max(200).describe('The text to look for, as it would have been written.'),
        limit: z.number().int().min(1).max(20).default(5).describe('How many sessions at most.'),
      }),
      effects: 'read',
      deadlineMs: 5_000,
      resultBytes: 8_192,
      isOffered: true,
      command: {
        name: '/search',
        usage: '/search <text>',
        summary: 'Looks for a text in your sessions.',
        parse: (argument) => ({ query: argument }),
      },
      run: ({ query, limit }, context) => this.run(query, limit, context),
    });
  }

  private async run(query: string, limit: number, { userId, turnId }: ToolContext): Promise<ToolOutcome> {
    const { items, nextCursor } = await this.search.find(query, userId, null, limit);
    const found = [];
    for (const { sessionId, updatedAt } of items) {
      const places = await this.messages.containing(query, sessionId, turnId, EXCERPTS_PER_SESSION);
      // Found by its name, or nowhere but in the question.
      if (places.length === 0 && !sessionId.toLowerCase().includes(query.toLowerCase())) continue;
      found.push({
        session_id: sessionId,
        updated_at: updatedAt.toISOString(),
        messages: places.map(({ id, role, content }) => ({ id, role, excerpt: around(content, query) })),
      });
    }
    const lines = found.flatMap(({ session_id, messages }) => [
      `Session ${session_id}`,
      ...messages.map(({ role, excerpt }) => `  ${role}: ${excerpt}`),
    ]);
    const more = nextCursor === null ? [] : ['There may be more.'];
    return {
      result: { sessions: found, has_more: nextCursor !== null },
      text: [...lines, ...more].join('\n') || 'Nothing was found.',
      // What was said before may have been taken from a page.
      source: 'earlier conversations',
    };
  }
}

/** A line of what is said around the first place where it is found. */
export function around(content: string, query: string): string {
  const at = Math.max(0, content.toLowerCase().indexOf(query.toLowerCase()) - EXCERPT_BEFORE);
  const shown = content.slice(at, at + EXCERPT_LENGTH).toWellFormed();
  return `${at > 0 ? '…' : ''}${shown.replace(/\s+/g, ' ').trim()}${at + EXCERPT_LENGTH < content.length ? '…' : ''}`;
}
