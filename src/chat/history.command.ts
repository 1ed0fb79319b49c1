import { Injectable, type OnModuleInit } from '@nestjs/common';
import { SessionReadService } from '../session/session-read.service';
import {
  type CommandCall,
  type CommandResult,
  EmbeddedCommandsService,
} from '../switch-gateway/embedded-commands.service';

const DEFAULT_COUNT = 10;
const MAX_COUNT = 50;
const LINE_LENGTH = 200;

/** `/history [count]`: what was said in this session. */
@Injectable()
export class HistoryCommand implements OnModuleInit {
  constructor(
    private readonly commands: EmbeddedCommandsService,
    private readonly sessions: SessionReadService,
  ) {}

  onModuleInit(): void {
    this.commands.register({
      name: '/history',
      usage: '/history [count]',
      summary: `Shows the last messages of this session, ${DEFAULT_COUNT} unless told.`,
      toolName: 'session_history',
      run: (call) => this.run(call),
    });
  }

  private async run({ sessionId, turnId, argument }: CommandCall): Promise<CommandResult> {
    const asked = /^\d+$/.test(argument.trim()) ? Number(argument) : DEFAULT_COUNT;
    const { items } = await this.sessions.history(sessionId, null, Math.min(Math.max(asked, 1), MAX_COUNT) + 1);
    const earlier = items.filter((message) => message.turnId !== turnId).slice(-asked);
    const lines = earlier.map(({ role, content }) => `${role}: ${excerpt(content)}`);
    return {
      text: lines.join('\n') || 'Nothing was said in this session before.',
      result: { message_ids: earlier.map(({ id }) => id) },
    };
  }
}

function excerpt(content: string): string {
  const line = content.replace(/\s+/g, ' ').trim();
  return line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line;
}
