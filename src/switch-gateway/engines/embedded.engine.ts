import { Injectable } from '@nestjs/common';
import { ToolRegistryService } from '../../tools/tool-registry.service';
import type { EngineHealth, OnText, Prompt, SwitchModels, SwitchReply } from '../switch-gateway.types';
import { RouterlessEngine } from './routerless.engine';

const NO_MODEL =
  'I am Operator’s embedded engine, not a language model: I run commands and cannot answer questions. ' +
  'Send /help for the commands. For a model, set SWITCH_URL or OPENAI_BASE_URL and start again.';

/** Answers when there is no model: has commands run for real, and says of itself that it is none. */
@Injectable()
export class EmbeddedEngine extends RouterlessEngine {
  readonly name = 'embedded';
  /** It finds them by the names of their commands. */
  readonly takesTools = false;

  constructor(private readonly registry: ToolRegistryService) {
    super();
  }

  /** A command is a tool to be run; what has come of it is the answer. */
  async chat({ messages }: Prompt, _signal?: AbortSignal, onText?: OnText): Promise<SwitchReply> {
    const last = messages.at(-1)!;
    if (last.role === 'tool') return says(last.content, onText);
    const [, name, argument = ''] = /^(\/\S+)\s*([\s\S]*)$/.exec(last.content.trim()) ?? [];
    if (!name) return says(NO_MODEL, onText);
    const tool = this.registry.findByCommand(name.toLowerCase());
    if (!tool) return says(`There is no command ${name}. Send /help for those there are.`, onText);
    const call = { id: '1', name: tool.name, arguments: JSON.stringify(tool.command!.parse(argument)) };
    return { ...reply(''), toolCalls: [call] };
  }

  async models(): Promise<SwitchModels> {
    return { models: [], active: null, warm: null };
  }

  async health(): Promise<EngineHealth> {
    return { isHealthy: true, detail: 'The embedded engine runs commands; it is not a language model.' };
  }
}

function says(text: string, onText?: OnText): SwitchReply {
  onText?.(text);
  return reply(text);
}

const reply = (text: string): SwitchReply => ({
  text,
  engine: 'embedded',
  servedBy: 'embedded',
  fallbackFrom: [],
  tokens: null,
  isPartial: false,
  toolCalls: [],
});
