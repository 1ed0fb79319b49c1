import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import type { Tool } from './tool.types';

/** The tools there are. Modules offer theirs when they start. */
@Injectable()
export class ToolRegistryService {
  private readonly tools = new Map<string, Tool>();
  private readonly commands = new Map<string, Tool>();

  offer<Schema extends z.ZodObject>(tool: Tool<Schema>): void {
    if (this.tools.has(tool.name)) throw new Error(`There is a tool ${tool.name} already.`);
    this.tools.set(tool.name, tool as unknown as Tool);
    if (tool.command) this.commands.set(tool.command.name, tool as unknown as Tool);
  }

  find(name: string): Tool | undefined {
    return this.tools.get(name);
  }

  /** By the name of its command, with its slash. */
  findByCommand(name: string): Tool | undefined {
    return this.commands.get(name);
  }

  /** By name. */
  list(): Tool[] {
    return [...this.tools.values()].sort((a, b) => a.name.localeCompare(b.name));
  }
}
