import { Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { SessionReadService } from '../session/session-read.service';
import { ToolRegistryService } from '../tools/tool-registry.service';
import type { ToolContext, ToolOutcome } from '../tools/tool.types';

const DEFAULT_COUNT = 10;
const MAX_COUNT = 50;
const LINE_LENGTH = 200;

/** `/history [count]`: what was said in this session. For persons only: engines are told anyway. */
@Injectable()
export class HistoryTool implements OnModuleInit {
  constructor(
    private readonly registry: ToolRegistryService,
    private readonly sessions: SessionReadService,
  ) {}

  onModuleInit(): void {
    this.registry.offer({
      name: 'session_history',
      description: 'Shows the last messages of this session.',
      parameters: z.object({ count: z.number().int().min(1).max(MAX_COUNT).describe('How many messages.') }),
      effects: 'read',
      deadlineMs: 10_000,
      resultBytes: 16_384,
      isOffered: false,
      command: {
        name: '/history',
        usage: '/history [count]',
        summary: `Shows the last messages of this session, ${DEFAULT_COUNT} unless told.`,
        parse: (argument) => ({ count: toCount(argument.trim()) }),
      },
      run: ({ count }, context) => this.run(count, context),
    });
  }

  private async run(count: number, { sessionId, turnId }: ToolContext): Promise<ToolOutcome> {
    const { items } = await this.sessions.history(sessionId, null, count + 1);
    const earlier = items.filter((message) => message.turnId !== turnId).slice(-count);
    const lines = earlier.map(({ role, content }) => `${role}: ${excerpt(content)}`);
    return {
      text: lines.join('\n') || 'Nothing was said in this session before.',
      result: { message_ids: earlier.map(({ id }) => id) },
      source: null,
    };
  }
}

/** What is no number, or none that there could be, is not worth a complaint. */
export const toCount = (argument: string): number =>
  /^\d{1,9}$/.test(argument) ? Math.min(Math.max(Number(argument), 1), MAX_COUNT) : DEFAULT_COUNT;

function excerpt(content: string): string {
  const line = content.replace(/\s+/g, ' ').trim();
  return line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line;
}
