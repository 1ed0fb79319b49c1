import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '../config/config';
import { ToolRegistryService } from '../tools/tool-registry.service';
import type { ToolOutcome } from '../tools/tool.types';
import { OverviewResponseDto } from './dto/overview-response.dto';
import { ResourcesResponseDto } from './dto/resources-response.dto';
import { OverviewService } from './overview.service';
import { ResourcesService } from './resources.service';

/** For the answer to be written down, when it has come. */
const BESIDES_MS = 1_000;

/** What the routes of that name show, as text. */
@Injectable()
export class OverviewTools implements OnModuleInit {
  constructor(
    private readonly registry: ToolRegistryService,
    private readonly overviews: OverviewService,
    private readonly inventory: ResourcesService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    const common = {
      parameters: z.object({}),
      effects: 'read' as const,
      deadlineMs: this.config.overview.timeoutMs + BESIDES_MS,
      resultBytes: 8_192,
      isOffered: true,
    };
    this.registry.offer({
      ...common,
      name: 'system_overview',
      description:
        'Tells how every module of this installation is: which are well, which are not and why, one a line. Use it when ' +
        'asked how the system is doing, or why something does not work.',
      command: { name: '/overview', summary: 'Shows how every module is.', parse: () => ({}) },
      run: async () => describeOverview(OverviewResponseDto.from(await this.overviews.get())),
    });
    this.registry.offer({
      ...common,
      name: 'list_resources',
      description:
        'Lists the command line tools, the local models and the token budgets of this installation, one kind a line. Use ' +
        'it when asked what there is to work with, or how much may still be used.',
      command: { name: '/resources', summary: 'Shows tools, local models and budgets.', parse: () => ({}) },
      run: async () => describeResources(ResourcesResponseDto.from(await this.inventory.get())),
    });
  }
}

function describeOverview(overview: OverviewResponseDto): ToolOutcome {
  const { status, healthy_modules, total_modules, modules } = overview;
  const lines = Object.entries(modules as unknown as Record<string, OverviewResponseDto['modules']['madre']>).map(
    ([name, module]) => `${name}: ${module.status.replace('_', ' ')}${module.error ? ` (${module.error})` : ''}`,
  );
  const head = `The system is ${status}: ${healthy_modules} of ${total_modules} modules are well.`;
  return { text: [head, ...lines, age(overview)].join('\n'), result: overview, source: null };
}

function describeResources(resources: ResourcesResponseDto): ToolOutcome {
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
  return { text: lines.join('\n'), result: resources, source: null };
}

const list = (entries: { name: string; available: boolean }[]): string =>
  entries.map(({ name, available }) => (available ? name : `${name} (not available)`)).join(', ') || 'none';

const age = ({ as_of, stale }: { as_of: string; stale: boolean }): string =>
  `As of ${as_of}${stale ? '; a newer answer is on its way' : ''}.`;
