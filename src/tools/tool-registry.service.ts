import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { toOffer } from './to-offer';
import type { Tool, ToolOffer } from './tool.types';

/** The tools there are. Modules offer theirs when they start. */
@Injectable()
export class ToolRegistryService {
  private readonly tools = new Map<string, Tool>();
  private readonly commands = new Map<string, Tool>();
  private offered: ToolOffer[] | null = null;

  offer<Schema extends z.ZodObject>(tool: Tool<Schema>): void {
    if (this.tools.has(tool.name)) throw new Error(`There is a tool ${tool.name} already.`);
    this.tools.set(tool.name, tool as unknown as Tool);
    this.offered = null;
    if (tool.command) this.commands.set(tool.command.name, tool as unknown as Tool);
  }

  find(name: string): Tool | undefined {
    return this.tools.get(name);
  }

  /** By the name of its command, with its slash. */
  findByCommand(name: string): Tool | undefined {
    return this.commands.get(name);
  }

  /** What engines get to know, made once for all prompts. */
  offers(): readonly ToolOffer[] {
    return (this.offered ??= this.list()
      .filter(({ isOffered }) => isOffered)
      .map(toOffer));
  }

  /** By name. */
  list(): Tool[] {
    return [...this.tools.values()].sort((a, b) => a.name.localeCompare(b.name));
  }
}
