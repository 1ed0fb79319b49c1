import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { z } from 'zod';
import { excerpt } from '../common/excerpt';
import { CONFIG, type Config } from '../config/config';
import { ToolFailedError } from '../tools/tool.errors';
import { ToolRegistryService } from '../tools/tool-registry.service';
import type { ToolContext, ToolOutcome } from '../tools/tool.types';
import { ArtifactService } from './artifacts/artifact.service';
import type { OperatorArtifact } from './artifacts/operator-artifact.entity';
import type { Action } from './engine/browser-engine.types';
import { BrowserTaskService } from './tasks/browser-task.service';
import type { BrowserTaskCommand, Effects } from './tasks/browser-task.types';
import type { TaskResult } from './tasks/findings';
import { isFinished } from './tasks/browser-task-states';
import type { OperatorBrowserTask } from './tasks/operator-browser-task.entity';
import { limitsOf } from './tasks/task-limits';

/** What an engine gets to read of a page, in bytes; the whole is an artifact. */
const PAGE_BYTES = 8_192;
/** Title, address and where the whole is. */
const HEAD_BYTES = 1_024;
/** For the queue, and for the end of a task to be stored. */
const BESIDES_MS = 30_000;
const ACTIONS_MAX = 20;

const url = z.string().min(1).max(2_048).describe('Address of the page, with https:// in front.');
const selector = z
  .string()
  .min(1)
  .max(1_024)
  .describe('One element, in Playwright’s syntax: CSS, text=…, or role=button[name="Send"].');
const value = z.string().max(8_192);
const steps = z
  .discriminatedUnion('action', [
    z.object({ action: z.literal('goto'), url }),
    z.object({ action: z.literal('wait_for'), selector }),
    z.object({ action: z.literal('click'), selector }),
    z.object({ action: z.literal('fill'), selector, value }),
    z.object({ action: z.literal('press'), key: z.string().min(1).max(64), selector: selector.optional() }),
    z.object({ action: z.literal('select'), selector, value }),
    z.object({ action: z.literal('scroll'), y: z.number().int().min(-100_000).max(100_000).optional() }),
    z.object({ action: z.literal('extract_text'), selector: selector.optional() }),
  ])
  .array()
  .min(1)
  .max(ACTIONS_MAX)
  .describe('What to do on the page, one after the other.');

type Visited = { task: OperatorBrowserTask; artifacts: OperatorArtifact[] };

/** What the browser can do for a conversation. Each call is a browser task, with the same guard and on the same record. */
@Injectable()
export class BrowserTools implements OnModuleInit {
  constructor(
    private readonly registry: ToolRegistryService,
    private readonly tasks: BrowserTaskService,
    private readonly artifacts: ArtifactService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  onModuleInit(): void {
    const common = {
      deadlineMs: this.config.browser.taskTimeoutMs + BESIDES_MS,
      resultBytes: PAGE_BYTES + HEAD_BYTES,
      isOffered: true,
    };
    this.registry.offer({
      ...common,
      name: 'browser_open',
      description: 'Opens a web page in a real browser and returns its title and the beginning of its text.',
      parameters: z.object({ url }),
      effects: 'read',
      command: {
        name: '/browse',
        usage: '/browse <url>',
        summary: 'Opens a page in the browser and shows its text.',
        parse: (argument) => ({ url: withScheme(argument.trim()) }),
      },
      run: async (args, context, signal) => {
        const visited = await this.visit(args.url, [], 'read', context, signal);
        return this.page(visited, visited.task.text ?? '', 'text');
      },
    });
    this.registry.offer({
      ...common,
      name: 'browser_extract',
      description:
        'Opens a web page and returns a part of it: an element’s text, the article as Markdown, or its links. Use it ' +
        'when browser_open shows too little, or too much.',
      parameters: z.object({
        url,
        format: z.enum(['text', 'markdown', 'links']).default('text').describe('What to return.'),
        selector: selector.optional(),
      }),
      effects: 'read',
      run: async ({ url: address, format, selector: part }, context, signal) => {
        const step = { action: `extract_${format}`, ...(part !== undefined && { selector: part }) } as Action;
        const visited = await this.visit(address, [step], 'read', context, signal);
        return this.page(visited, await this.caught(visited, format), format);
      },
    });
    this.registry.offer({
      ...common,
      name: 'browser_screenshot',
      description: 'Takes a picture of a web page. Returns where it is kept, for a person to look at; not the picture.',
      parameters: z.object({
        url,
        full_page: z.boolean().default(false).describe('The whole page, not only what is to be seen.'),
        selector: selector.optional(),
      }),
      effects: 'read',
      run: async ({ url: address, full_page: fullPage, selector: part }, context, signal) => {
        const step: Action = { action: 'screenshot', fullPage, ...(part !== undefined && { selector: part }) };
        const visited = await this.visit(address, [step], 'read', context, signal);
        const picture = visited.artifacts.find(({ kind }) => kind === 'screenshot' || kind === 'snapshot');
        const where = picture ? `The picture is at ${addressOf(picture)}.` : 'No picture was kept.';
        return this.outcome(visited, where);
      },
    });
    this.registry.offer({
      ...common,
      name: 'browser_act',
      description:
        'Opens a web page and acts on it: clicks, fills in forms, presses keys. It may change something out there, so a ' +
        'person may have to agree. Returns how each step went and the text of the page afterwards.',
      parameters: z.object({ url, actions: steps }),
      effects: 'write',
      run: async ({ url: address, actions }, context, signal) => {
        const visited = await this.visit(address, actions as Action[], 'write', context, signal);
        const went = (visited.task.result as TaskResult).steps.map(({ action, status }) => `${action}: ${status}`);
        return this.page(visited, `${went.join('\n')}\n\n${visited.task.text ?? ''}`, 'text');
      },
    });
  }

  /** Until the task has ended, or with the signal, with which the task ends too. */
  private async visit(
    address: string,
    actions: Action[],
    effects: Effects,
    { sessionId, toolCallId }: ToolContext,
    signal: AbortSignal,
  ): Promise<Visited> {
    const capture = { text: true, screenshot: true, fullPage: false };
    const request = { actions, capture, limits: limitsOf(this.config) };
    const command: BrowserTaskCommand = { url: address, sessionId, toolCallId, request, effects, idempotency: null };
    const waitS = (this.config.browser.taskTimeoutMs + BESIDES_MS) / 1_000;
    const { task, artifacts } = await this.tasks.take(command, waitS, signal);
    if (!isFinished(task.status)) {
      await this.tasks.cancel(task.id).catch(() => undefined);
      throw new ToolFailedError('deadline_exceeded', 'The page was not opened in time.', { task_id: task.id }, null);
    }
    const visited = { task, artifacts: artifacts ?? [] };
    if (task.status === 'done') return visited;
    const why = task.error ?? `The task has ended as ${task.status}.`;
    throw new ToolFailedError(task.errorCode ?? task.status, why, resultOf(visited), sourceOf(task));
  }

  private page(visited: Visited, text: string, kind: OperatorArtifact['kind']): ToolOutcome {
    const shown = excerpt(text, PAGE_BYTES);
    const whole = visited.artifacts.find((artifact) => artifact.kind === kind);
    const rest = shown.length < text.length || visited.task.text?.length === this.config.browser.textMaxBytes;
    const more = rest && whole ? `\n[This is the beginning. The whole is at ${addressOf(whole)}.]` : '';
    return this.outcome(visited, `${shown}${more}`);
  }

  private outcome(visited: Visited, text: string): ToolOutcome {
    const { title, finalUrl, url: asked } = visited.task;
    const head = excerpt(`${title ?? 'No title'}\n${finalUrl ?? asked}`, HEAD_BYTES / 2);
    return { result: resultOf(visited), text: `${head}\n\n${text}`, source: sourceOf(visited.task) };
  }

  /** What a step has taken from the page: with the report if it is little, else in a file. */
  private async caught({ task, artifacts }: Visited, kind: OperatorArtifact['kind']): Promise<string> {
    const artifact = artifacts.find((one) => one.kind === kind && one.step !== null);
    if (artifact) return (await this.artifacts.read(artifact.id)).bytes.toString();
    const step = (task.result as TaskResult).steps.findLast(({ action }) => action === `extract_${kind}`);
    return typeof step?.value === 'string' ? step.value : JSON.stringify(step?.value ?? '');
  }
}

function resultOf({ task, artifacts }: Visited) {
  const { id, status, url: asked, finalUrl, title, errorCode, error } = task;
  const result = task.result as Partial<TaskResult> | null;
  return {
    task_id: id,
    status,
    url: asked,
    final_url: finalUrl,
    title,
    http_status: result?.httpStatus ?? null,
    artifacts: artifacts.map((artifact) => ({
      id: artifact.id,
      kind: artifact.kind,
      content_type: artifact.contentType,
      bytes: artifact.bytes,
      url: addressOf(artifact),
    })),
    ...(errorCode !== null && { error: errorCode, detail: error }),
  };
}

const addressOf = ({ id }: { id: number }): string => `/operator/artifact/${id}`;

/** Whatever a page says, its address too, is its own words. */
const sourceOf = ({ finalUrl, url: asked }: OperatorBrowserTask): string => finalUrl ?? asked;

const withScheme = (address: string): string =>
  address === '' || /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
