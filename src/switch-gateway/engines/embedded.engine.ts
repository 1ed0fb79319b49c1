import { Injectable } from '@nestjs/common';
import { type Command, EmbeddedCommandsService } from '../embedded-commands.service';
import { SwitchUnsupportedError } from '../switch.errors';
import { SwitchGateway } from '../switch-gateway.service';
import type {
  EngineHealth,
  Prompt,
  SwitchModels,
  SwitchQueueStatus,
  SwitchReply,
  SwitchTask,
  SwitchTaskReply,
} from '../switch-gateway.types';

const NO_MODEL =
  'I am Operator’s embedded engine, not a language model: I run commands and cannot answer questions. ' +
  'Send /help for the commands. For a model, set SWITCH_URL and start again.';

/** Answers when there is no router: runs operator commands for real, and says of itself that it is no model. */
@Injectable()
export class EmbeddedEngine extends SwitchGateway {
  readonly name = 'embedded';
  readonly takesFeedback = false;

  constructor(private readonly commands: EmbeddedCommandsService) {
    super();
  }

  async chat(prompt: Prompt, signal?: AbortSignal): Promise<SwitchReply> {
    const [, name, argument = ''] = /^(\/\S+)\s*([\s\S]*)$/.exec(prompt.messages.at(-1)!.content.trim()) ?? [];
    if (!name) return reply(NO_MODEL);
    const command = this.commands.find(name.toLowerCase());
    if (!command) return reply(`There is no command ${name}. Send /help for those there are.`);
    return this.run(command, argument, prompt, signal);
  }

  async task({ taskType }: SwitchTask): Promise<SwitchTaskReply> {
    throw new SwitchUnsupportedError(`tasks such as “${taskType}”`);
  }

  async submitFeedback(): Promise<boolean> {
    return false;
  }

  /** Commands run at once: nothing ever waits. */
  async queueStatus(): Promise<SwitchQueueStatus> {
    return { size: 0, items: [] };
  }

  async models(): Promise<SwitchModels> {
    return { models: [], active: null, warm: null };
  }

  async setDefaultModel(): Promise<void> {
    throw new SwitchUnsupportedError('models');
  }

  async preloadModel(): Promise<void> {
    throw new SwitchUnsupportedError('models');
  }

  async health(): Promise<EngineHealth> {
    return { isHealthy: true, detail: 'The embedded engine runs commands; it is not a language model.' };
  }

  private async run(command: Command, argument: string, prompt: Prompt, signal?: AbortSignal): Promise<SwitchReply> {
    const { sessionId, turnId, userId } = prompt;
    const startedAt = performance.now();
    const { text, result } = await command.run({ sessionId, turnId, userId, argument, signal });
    const durationMs = Math.round(performance.now() - startedAt);
    return reply(text, [{ toolName: command.toolName, status: 'ok', durationMs, result, error: null }]);
  }
}

const reply = (text: string, toolCalls: SwitchReply['toolCalls'] = []): SwitchReply => ({
  text,
  engine: 'embedded',
  tokens: null,
  isPartial: false,
  toolCalls,
});
