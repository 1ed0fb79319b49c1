import { Injectable } from '@nestjs/common';

export interface CommandCall {
  sessionId: string;
  turnId: string;
  userId: string;
  /** What follows the command's name. */
  argument: string;
  signal?: AbortSignal;
}

/** What the person reads, and what the tool call on record holds. */
export interface CommandResult {
  text: string;
  result: unknown;
}

export interface Command {
  /** With its slash: `/history`. */
  name: string;
  /** How it is called, if it takes an argument: `/history [count]`. */
  usage?: string;
  summary: string;
  /** Name of the tool call that records it. */
  toolName: string;
  run(call: CommandCall): Promise<CommandResult>;
}

/** The commands of the embedded engine. Features register theirs when they start. */
@Injectable()
export class EmbeddedCommandsService {
  private readonly commands = new Map<string, Command>();

  constructor() {
    this.register({
      name: '/help',
      summary: 'Lists the commands.',
      toolName: 'help',
      run: async () => {
        const commands = this.list();
        const lines = commands.map(({ usage, name, summary }) => `${usage ?? name}  ${summary}`);
        return { text: lines.join('\n'), result: { commands: commands.map(({ name }) => name) } };
      },
    });
  }

  register(command: Command): void {
    if (this.commands.has(command.name)) throw new Error(`${command.name} is registered already.`);
    this.commands.set(command.name, command);
  }

  find(name: string): Command | undefined {
    return this.commands.get(name);
  }

  list(): Command[] {
    return [...this.commands.values()].sort((a, b) => a.name.localeCompare(b.name));
  }
}
