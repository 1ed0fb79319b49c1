import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type CommandResult, EmbeddedCommandsService } from '../switch-gateway/embedded-commands.service';
import { OverviewResponseDto } from './dto/overview-response.dto';
import { ResourcesResponseDto } from './dto/resources-response.dto';
import { OverviewService } from './overview.service';
import { ResourcesService } from './resources.service';

/** `/overview` and `/resources`: what the routes of that name show, as text. */
@Injectable()
export class OverviewCommands implements OnModuleInit {
  constructor(
    private readonly commands: EmbeddedCommandsService,
    private readonly overviews: OverviewService,
    private readonly inventory: ResourcesService,
  ) {}

  onModuleInit(): void {
    this.commands.register({
      name: '/overview',
      summary: 'Shows how every module is.',
      toolName: 'vx11_overview',
      run: async () => describeOverview(OverviewResponseDto.from(await this.overviews.get())),
    });
    this.commands.register({
      name: '/resources',
      summary: 'Shows tools, local models and budgets.',
      toolName: 'resources',
      run: async () => describeResources(ResourcesResponseDto.from(await this.inventory.get())),
    });
  }
}

function describeOverview(overview: OverviewResponseDto): CommandResult {
  const { status, healthy_modules, total_modules, modules } = overview;
  const lines = Object.entries(modules as unknown as Record<string, OverviewResponseDto['modules']['madre']>).map(
    ([name, module]) => `${name}: ${module.status.replace('_', ' ')}${module.error ? ` (${module.error})` : ''}`,
  );
  const head = `The system is ${status}: ${healthy_modules} of ${total_modules} modules are well.`;
  return { text: [head, ...lines, age(overview)].join('\n'), result: overview };
}

function describeResources(resources: ResourcesResponseDto): CommandResult {
  const { status, cli_tools, local_models, max_tokens, available_tokens, reasons } = resources;
  const known = (label: string, value: string | null | undefined, reason: string | null) =>
    `${label}: ${value ?? `not known (${reason})`}`;
  const lines = [
    `Hermes is ${status.replace('_', ' ')}.`,
    known('Tools', cli_tools && list(cli_tools), reasons.cli_tools),
    known('Local models', local_models && list(local_models), reasons.local_models),
    known('Tokens a day', max_tokens?.toString(), reasons.max_tokens),
    known('Tokens left', available_tokens?.toString(), reasons.available_tokens),
    age(resources),
  ];
  return { text: lines.join('\n'), result: resources };
}

const list = (entries: { name: string; available: boolean }[]): string =>
  entries.map(({ name, available }) => (available ? name : `${name} (not available)`)).join(', ') || 'none';

const age = ({ as_of, stale }: { as_of: string; stale: boolean }): string =>
  `As of ${as_of}${stale ? '; a newer answer is on its way' : ''}.`;
