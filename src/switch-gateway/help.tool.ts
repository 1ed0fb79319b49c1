import { Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { ToolRegistryService } from '../tools/tool-registry.service';

/** `/help`: the commands there are. */
@Injectable()
export class HelpTool implements OnModuleInit {
  constructor(private readonly registry: ToolRegistryService) {}

  onModuleInit(): void {
    this.registry.offer({
      name: 'help',
      description: 'Lists the commands.',
      parameters: z.object({}),
      effects: 'read',
      deadlineMs: 1_000,
      resultBytes: 16_384,
      isOffered: false,
      command: { name: '/help', summary: 'Lists the commands.', parse: () => ({}) },
      run: async () => {
        const commands = this.registry
          .list()
          .flatMap(({ command }) => command ?? [])
          .sort((a, b) => a.name.localeCompare(b.name));
        const lines = commands.map(({ usage, name, summary }) => `${usage ?? name}  ${summary}`);
        return { text: lines.join('\n'), result: { commands: commands.map(({ name }) => name) }, source: null };
      },
    });
  }
}
