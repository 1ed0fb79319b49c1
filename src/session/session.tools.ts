import { Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { requiredText } from '../tools/text-parameter';
import { ToolRegistryService } from '../tools/tool-registry.service';
import type { ToolContext, ToolOutcome } from '../tools/tool.types';
import { label } from '../upstream/foreign-text';
import { around } from './around';
import { type Discovery, SessionSearchService } from './session-search.service';

const SESSIONS_MAX = 20;
const SESSIONS = 5;
const MESSAGES = 3;
const EXCERPT_LENGTH = 200;

/** What was said before, in whichever session of the same user. */
@Injectable()
export class SessionTools implements OnModuleInit {
  constructor(
    private readonly registry: ToolRegistryService,
    private readonly search: SessionSearchService,
  ) {}

  onModuleInit(): void {
    this.registry.offer({
      name: 'session_search',
      description:
        'Looks for a text in all conversations with this user, whatever the case. Returns those that have it, the newest ' +
        `first, each with up to ${MESSAGES} messages around the place. Use it when something refers to what was said ` +
        'before and is not to be seen here. It finds words, not meanings: look for one that must have been said.',
      parameters: z.object({
        query: requiredText(200).describe('The text to look for, exactly as it was written but for the case.'),
        limit: z
          .number()
          .int()
          .min(1)
          .max(SESSIONS_MAX)
          .default(SESSIONS)
          .describe(`How many conversations at most, ${SESSIONS} unless told.`),
      }),
      effects: 'read',
      deadlineMs: 5_000,
      resultBytes: 16_384,
      isOffered: true,
      command: {
        name: '/search',
        usage: '/search <text>',
        summary: 'Looks for a text in your sessions.',
        parse: (argument) => ({ query: argument.trim() }),
      },
      run: ({ query, limit }, context) => this.run(query, limit, context),
    });
  }

  private async run(query: string, limit: number, context: ToolContext): Promise<ToolOutcome> {
    const { found, isComplete } = await this.search.discover(query, context, { sessions: limit, messages: MESSAGES });
    const sessions = found.map((discovery) => toRecord(discovery, query));
    const lines = sessions.flatMap(({ session_id, messages }) => [
      `Session ${label(session_id, EXCERPT_LENGTH)}:`,
      // In quotes: whatever was said there is not said by us.
      ...messages.map(
        ({ message_id, role, excerpt }) => `  ${role}, message ${message_id}: ${JSON.stringify(excerpt)}`,
      ),
    ]);
    if (sessions.length === 0) lines.push('Nothing was found.');
    if (!isComplete) lines.push('There may be more.');
    // What was said before may repeat what a page says.
    return { result: { sessions, is_complete: isComplete }, text: lines.join('\n'), source: 'earlier conversations' };
  }
}

const toRecord = ({ session, messages }: Discovery, query: string) => ({
  session_id: session.sessionId,
  updated_at: session.updatedAt.toISOString(),
  messages: messages.map(({ id, role, content }) => ({
    message_id: id,
    role,
    excerpt: around(content, query, EXCERPT_LENGTH),
  })),
});
