import { excerpt } from '../common/excerpt';
import type { ToolOutcome } from '../tools/tool.types';
import type { OperatorArtifact } from './artifacts/operator-artifact.entity';
import { ArtifactDto } from './artifacts/dto/artifact.dto';
import type { StepReport } from './engine/browser-engine.types';
import { BrowserTaskSummaryDto } from './tasks/dto/browser-task-response.dto';
import type { TaskResult } from './tasks/findings';
import type { OperatorBrowserTask } from './tasks/operator-browser-task.entity';

/** What an engine gets to read of a page, in bytes; the whole is an artifact. */
export const PAGE_BYTES = 8_192;
/** What it is told besides: title, address, how steps went, where the whole is. */
export const BESIDES_BYTES = 4_096;
const TITLE_BYTES = 512;
const URL_BYTES = 2_048;

/** A task that has ended, and what it has kept. */
export interface Visited {
  task: OperatorBrowserTask;
  artifacts: OperatorArtifact[];
}

/** A page that was opened: what it says, as far as an engine gets to read it. */
export function pageOutcome(visited: Visited): ToolOutcome {
  return outcome(visited, textOf(visited));
}

/** A part of a page; `content` is all of it. */
export function extractOutcome(visited: Visited, format: 'text' | 'markdown' | 'links', content: string): ToolOutcome {
  if (format !== 'links') return outcome(visited, shortened(content, artifactOf(visited, format)));
  return outcome(visited, shortened(linesOf(content), artifactOf(visited, format), '\n'));
}

/** A page that was pictured. Nothing of the picture itself is told. */
export function pictureOutcome(visited: Visited): ToolOutcome {
  const picture = visited.artifacts.find(({ kind }) => kind === 'screenshot' || kind === 'snapshot');
  const where = picture ? `A picture was taken. A person can see it at ${addressOf(picture)}.` : 'No picture was kept.';
  return outcome(visited, where);
}

/** A page that was acted on: how that went, and what it says afterwards. */
export function actOutcome(visited: Visited): ToolOutcome {
  const told = outcome(visited, [...stepsOf(visited).map(lineOf), '', textOf(visited)].join('\n'));
  const steps = stepsOf(visited).map(({ action, status, durationMs, error }) => ({
    action,
    status,
    duration_ms: durationMs,
    error,
  }));
  return { ...told, result: { ...resultOf(visited), steps } };
}

/** The same of a task that has not ended well: for the record, and for whoever is to make the best of it. */
export function failureOf(visited: Visited): { code: string; message: string; result: unknown; source: string | null } {
  const { task } = visited;
  const { error } = BrowserTaskSummaryDto.from(task);
  const done = stepsOf(visited).filter(({ status }) => status === 'done');
  const so_far = task.effects === 'write' && done.length > 0;
  return {
    code: error?.error ?? task.status,
    message: [
      error?.detail ?? `The task is ${task.status}.`,
      ...(so_far ? [`Done before that: ${done.map(({ action }) => action).join(', ')}.`] : []),
    ].join(' '),
    result: resultOf(visited),
    // Why a step could not be done may quote the page; all other reasons are Operator's words.
    source: error?.error === 'step_failed' ? sourceOf(task) : null,
  };
}

/** Links as lines, from the JSON that a step leaves. */
export function linesOf(json: string): string {
  const links = JSON.parse(json) as { text: string; href: string }[] | null;
  return (links ?? []).map(({ text, href }) => `${href}  ${text.replace(/\s+/g, ' ').trim()}`).join('\n');
}

function outcome(visited: Visited, text: string): ToolOutcome {
  const { title, finalUrl, url } = visited.task;
  const head = [excerpt(title || 'No title', TITLE_BYTES), excerpt(finalUrl ?? url, URL_BYTES)];
  const body = isStub(visited) ? 'No page was opened: the browser is a stub, which does nothing.' : text;
  return { result: resultOf(visited), text: [...head, '', body].join('\n'), source: sourceOf(visited.task) };
}

function resultOf(visited: Visited) {
  const { task, artifacts } = visited;
  const { task_id, status, url, title, snapshot_url, error } = BrowserTaskSummaryDto.from(task);
  const whole = artifactOf(visited, 'text');
  return {
    task_id,
    status,
    url,
    final_url: task.finalUrl,
    title,
    http_status: (task.result as TaskResult | null)?.httpStatus ?? null,
    text_bytes: whole?.bytes ?? (task.text === null ? null : Buffer.byteLength(task.text)),
    artifacts: artifacts.map((artifact) => {
      const { id, kind, content_type, bytes, url: address } = ArtifactDto.from(artifact);
      return { id, kind, content_type, bytes, url: address };
    }),
    snapshot_url,
    ...(error && { error }),
  };
}

function textOf(visited: Visited): string {
  const { text } = visited.task;
  return shortened(text ?? '', artifactOf(visited, 'text'));
}

/** As much as an engine gets to read, whole lines of it if `end` ends each, and where the rest is. */
function shortened(text: string, whole: OperatorArtifact | undefined, end?: string): string {
  if (text === '') return 'There is no text on it.';
  let shown = excerpt(text, PAGE_BYTES);
  if (shown.length < text.length && end !== undefined) shown = shown.slice(0, shown.lastIndexOf(end));
  return whole ? `${shown}\n[This is the beginning. The whole, ${whole.bytes} bytes, is at ${addressOf(whole)}.]` : shown;
}

function lineOf({ action, status, error, value }: StepReport, index: number): string {
  const found = value === null || value === undefined ? '' : `: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  return `${index + 1}. ${action} ${error === null ? status : `${status} (${error})`}${excerpt(found, STEP_BYTES)}`;
}
