import { excerpt } from '../../common/excerpt';
import type { ToolOutcome } from '../../tools/tool.types';
import { label } from '../../upstream/foreign-text';
import { ArtifactDto } from '../artifacts/dto/artifact.dto';
import type { OperatorArtifact } from '../artifacts/operator-artifact.entity';
import type { StepReport } from '../engine/browser-engine.types';
import { BrowserTaskSummaryDto } from '../tasks/dto/browser-task-response.dto';
import type { TaskResult } from '../tasks/findings';
import type { OperatorBrowserTask } from '../tasks/operator-browser-task.entity';

/** What an engine gets to read of a page, in bytes; the whole is an artifact. */
export const PAGE_BYTES = 8_192;
/** What it is told besides: title, address, how the steps went, where the whole is. */
export const BESIDES_BYTES = 4_096;
const TITLE_LENGTH = 200;
const URL_BYTES = 2_048;
/** Of what came of a step among others. */
const VALUE_BYTES = 1_024;

export type Format = 'text' | 'markdown' | 'links';

/** A task that has ended, and what it has kept. */
export interface Visited {
  task: OperatorBrowserTask;
  artifacts: OperatorArtifact[];
}

/** Of a page that was opened: what it says. */
export const pageOutcome = (visited: Visited): ToolOutcome => outcome(visited, textOf(visited));

/** Of a part of a page. `content` is all of it: a text, or links as the JSON that the step leaves. */
export function extractOutcome(visited: Visited, format: Format, content: string): ToolOutcome {
  const whole = format === 'links' ? linesOf(content) : content;
  let shown = excerpt(whole, PAGE_BYTES);
  const isCut = shown.length < whole.length;
  // Half a link leads elsewhere.
  if (isCut && format === 'links') shown = shown.slice(0, shown.lastIndexOf('\n'));
  return outcome(visited, told(shown, isCut, findCaught(visited, format)));
}

/** Of a page that was pictured: where the picture is, and nothing of what is on it. */
export function pictureOutcome(visited: Visited): ToolOutcome {
  const picture = visited.artifacts.find(({ kind }) => kind === 'screenshot' || kind === 'snapshot');
  return outcome(visited, picture ? `The picture is kept, for a person to look at: ${addressOf(picture)}` : NOTHING);
}

/** Of a page that was acted on: how that went, and what the page says afterwards. */
export function actOutcome(visited: Visited): ToolOutcome {
  const steps = stepsOf(visited);
  const { result, text, source } = outcome(visited, [...steps.map(lineOf), '', textOf(visited)].join('\n'));
  return { result: { ...result, steps: steps.map(toRecord) }, text, source };
}

/** Of a task that did not end well: why, and what it has found until then. */
export function failureOf(visited: Visited) {
  const { task } = visited;
  const { error } = BrowserTaskSummaryDto.from(task);
  const steps = stepsOf(visited);
  const done = steps.filter(({ status }) => status === 'done').map(({ action }) => action);
  const why = error?.detail ?? `The task is ${task.status}.`;
  return {
    code: error?.error ?? task.status,
    message: task.effects === 'write' && done.length > 0 ? `${why} Done before that: ${done.join(', ')}.` : why,
    result: { ...resultOf(visited), steps: steps.map(toRecord) },
    // Why a step could not be done may quote the page. All other reasons are Operator's words.
    source: error?.error === 'step_failed' ? sourceOf(task) : null,
  };
}

/** What a step that took something along has kept of it, if that was too much for the report. */
export const findCaught = ({ artifacts }: Visited, kind: Format): OperatorArtifact | undefined =>
  artifacts.find((artifact) => artifact.kind === kind && artifact.step !== null);

export const stepsOf = ({ task }: Visited): StepReport[] => (task.result as TaskResult | null)?.steps ?? [];

const NOTHING = 'There is nothing.';

function outcome(visited: Visited, text: string) {
  const { task } = visited;
  const isStub = (task.result as TaskResult | null)?.engine === 'stub';
  const lines = [
    label(task.title ?? '', TITLE_LENGTH) || 'No title',
    excerpt(sourceOf(task), URL_BYTES),
    '',
    isStub ? 'Nothing was opened: the browser here is a stub (BROWSER_IMPL=stub).' : text,
  ];
  return { result: resultOf(visited), text: lines.join('\n'), source: sourceOf(task) };
}

function resultOf({ task, artifacts }: Visited) {
  const { task_id, status, url, title, snapshot_url, error } = BrowserTaskSummaryDto.from(task);
  return {
    task_id,
    status,
    url,
    final_url: task.finalUrl,
    title,
    http_status: (task.result as TaskResult | null)?.httpStatus ?? null,
    text_bytes: findWhole(artifacts)?.bytes ?? (task.text === null ? null : Buffer.byteLength(task.text)),
    artifacts: artifacts.map((artifact) => {
      const { id, kind, content_type, bytes } = ArtifactDto.from(artifact);
      return { id, kind, content_type, bytes, url: addressOf(artifact) };
    }),
    snapshot_url,
    error,
  };
}

/** The task itself shows no more than an engine gets to read. */
function textOf({ task, artifacts }: Visited): string {
  const whole = findWhole(artifacts);
  return told(task.text ?? '', whole !== undefined, whole);
}

function told(text: string, isCut: boolean, whole: OperatorArtifact | undefined): string {
  if (text.trim() === '') return NOTHING;
  if (!isCut) return text;
  const where = whole ? ` All of it, ${whole.bytes} bytes, is kept for a person to look at: ${addressOf(whole)}` : '';
  return `${text}\n[This is the beginning.${where}]`;
}

/** The text of the page that is kept when the task cannot show it all. */
const findWhole = (artifacts: OperatorArtifact[]): OperatorArtifact | undefined =>
  artifacts.find(({ kind, step }) => kind === 'text' && step === null);

const linesOf = (json: string): string =>
  ((JSON.parse(json) as { text: string; href: string }[] | null) ?? [])
    .map(({ text, href }) => `${href} ${label(text, TITLE_LENGTH)}`.trimEnd())
    .join('\n');

function lineOf({ action, status, error, value }: StepReport, index: number): string {
  const found = value == null ? '' : excerpt(typeof value === 'string' ? value : JSON.stringify(value), VALUE_BYTES);
  return `${index + 1}. ${action}: ${status}${error === null ? '' : `, ${error}`}${found && `\n${found}`}`;
}

const toRecord = ({ action, status, durationMs, error }: StepReport) => ({
  action,
  status,
  duration_ms: durationMs,
  error,
});

const addressOf = (artifact: OperatorArtifact): string => ArtifactDto.from(artifact).url;

/** Whatever a page says is its own words, its address too, which it may have chosen. */
const sourceOf = ({ finalUrl, url }: OperatorBrowserTask): string => finalUrl ?? url;
