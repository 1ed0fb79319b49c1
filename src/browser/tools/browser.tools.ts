import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { CONFIG, type Config } from '../../config/config';
import { ToolFailedError } from '../../tools/tool.errors';
import { ToolRegistryService } from '../../tools/tool-registry.service';
import type { ToolContext } from '../../tools/tool.types';
import { ArtifactService } from '../artifacts/artifact.service';
import { BrowserTaskFinishedError } from '../browser.errors';
import { toPageUrl } from './browse-command';
import {
  BESIDES_BYTES,
  type Format,
  PAGE_BYTES,
  type Visited,
  actOutcome,
  extractOutcome,
  failureOf,
  findCaught,
  pageOutcome,
  pictureOutcome,
  stepsOf,
} from './browser-tool-outcome';
import { fullPage, pageUrl, part, stepsParameter } from './browser-tool-parameters';
import { BrowserTaskService } from '../tasks/browser-task.service';
import { type BrowserTaskRequestDto, toCommand } from '../tasks/dto/browser-task-request.dto';
import { limitsOf } from '../tasks/task-limits';

/** For the queue, and for the end of a task to be stored. */
const BESIDES_MS = 30_000;

/** What the browser can do for a conversation. Each call is a browser task, with the same guard and on the same record. */
@Injectable()
export class BrowserTools implements OnModuleInit {
  private readonly common: { deadlineMs: number; resultBytes: number; isOffered: true };

  constructor(
    private readonly registry: ToolRegistryService,
    private readonly tasks: BrowserTaskService,
    private readonly artifacts: ArtifactService,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    const deadlineMs = config.browser.taskTimeoutMs + BESIDES_MS;
    this.common = { deadlineMs, resultBytes: PAGE_BYTES + BESIDES_BYTES, isOffered: true };
  }

  onModuleInit(): void {
    this.offerOpen();
    this.offerExtract();
    this.offerScreenshot();
    this.offerAct();
  }

  private offerOpen(): void {
    this.registry.offer({
      ...this.common,
      name: 'browser_open',
      description:
        'Opens a public web page in a real browser and returns its title, the address where it was in the end, and its ' +
        'text; of a long text the beginning. Use it to read a page whose address is known. It finds no pages by itself.',
      parameters: z.object({ url: pageUrl }),
      effects: 'read',
      command: {
        name: '/browse',
        usage: '/browse <url>',
        summary: 'Opens a page in the browser and shows its text.',
        parse: (argument) => ({ url: toPageUrl(argument) }),
      },
      run: async ({ url }, context, signal) => pageOutcome(await this.visit({ url, effects: 'read' }, context, signal)),
    });
  }

  private offerExtract(): void {
    this.registry.offer({
      ...this.common,
      name: 'browser_extract',
      description:
        'Opens a public web page and returns a part of it: the text of an element, the article as Markdown, or the links ' +
        'with their addresses. Use it when browser_open returns too much, or cuts off what is needed, or to find out ' +
        'where a page leads.',
      parameters: z.object({
        url: pageUrl,
        format: z
          .enum(['text', 'markdown', 'links'])
          .default('text')
          .describe('What to return: text, Markdown, or links, one a line.'),
        selector: part,
      }),
      effects: 'read',
      run: async ({ url, format, selector }, context, signal) => {
        const actions = [{ action: `extract_${format}` as const, selector }];
        const capture = { text: false };
        const visited = await this.visit({ url, actions, capture, effects: 'read' }, context, signal);
        return extractOutcome(visited, format, await this.caught(visited, format));
      },
    });
  }

  private offerScreenshot(): void {
    this.registry.offer({
      ...this.common,
      name: 'browser_screenshot',
      description:
        'Opens a public web page, takes a picture of it and keeps it for a person to look at. Returns where the picture ' +
        'is, not the picture, nor what is on it. Use it when a person wants to see a page.',
      parameters: z.object({ url: pageUrl, full_page: fullPage, selector: part }),
      effects: 'read',
      run: async ({ url, full_page, selector }, context, signal) => {
        const actions = selector === undefined ? [] : [{ action: 'screenshot' as const, selector }];
        const capture = { text: false, screenshot: selector === undefined, full_page };
        return pictureOutcome(await this.visit({ url, actions, capture, effects: 'read' }, context, signal));
      },
    });
  }

  private offerAct(): void {
    this.registry.offer({
      ...this.common,
      name: 'browser_act',
      description:
        'Opens a public web page and acts on it: clicks, fills in forms, chooses, presses keys. Returns how each step ' +
        'went, and the text of the page afterwards. Each call begins anew, with a page that nobody has touched. It may ' +
        'change something out there, so a person may have to agree. To only read, use browser_open or browser_extract.',
      parameters: z.object({ url: pageUrl, actions: stepsParameter(this.config.browser.allowScript) }),
      effects: 'write',
      run: async ({ url, actions }, context, signal) =>
        actOutcome(await this.visit({ url, actions, effects: 'write' }, context, signal)),
    });
  }

  /** Until the task has ended, or with the signal, with which the task ends too. */
  private async visit(
    asked: BrowserTaskRequestDto,
    { sessionId, toolCallId }: ToolContext,
    signal: AbortSignal,
  ): Promise<Visited> {
    signal.throwIfAborted();
    const request = { ...asked, session_id: sessionId, tool_call_id: toolCallId, limits: { text_bytes: PAGE_BYTES } };
    const command = toCommand(request, limitsOf(this.config), undefined);
    const { task, artifacts } = await this.tasks.take(command, this.common.deadlineMs / 1_000, signal);
    if (!artifacts) {
      await this.giveUp(task.id);
      const doubt = asked.effects === 'write' ? ' What it had changed by then is not known.' : '';
      throw new ToolFailedError('interrupted', `It was given up before its end.${doubt}`, { task_id: task.id }, null);
    }
    const visited = { task, artifacts };
    if (task.status === 'done') return visited;
    const { code, message, result, source } = failureOf(visited);
    throw new ToolFailedError(code, message, result, source);
  }

  private async giveUp(taskId: number): Promise<void> {
    try {
      await this.tasks.cancel(taskId);
    } catch (error) {
      if (!(error instanceof BrowserTaskFinishedError)) throw error;
    }
  }

  /** What a step has taken from the page: it stands in the report if it is little, else in a file. */
  private async caught(visited: Visited, format: Format): Promise<string> {
    const artifact = findCaught(visited, format);
    if (artifact) return (await this.artifacts.read(artifact.id)).bytes.toString();
    const step = stepsOf(visited).find(({ action }) => action === `extract_${format}`);
    return format === 'links' ? JSON.stringify(step?.value ?? null) : String(step?.value ?? '');
  }
}
