import { storable } from '../../upstream/foreign-text';
import type { StepReport, VisitReport } from '../engine/browser-engine.types';
import type { Findings } from './browser-task.repository';

/** What a task's row keeps of a visit beside title, URL and text. */
export interface TaskResult {
  engine: string;
  httpStatus: number | null;
  isLoaded: boolean | null;
  steps: StepReport[];
  dialogs: number;
  popups: number;
  downloads: number;
  egress: VisitReport['egress'];
}

const URL_MAX = 8_192;

export function findingsOf(report: VisitReport, engine: string): Findings {
  const { title, finalUrl, text, ...rest } = report;
  const result: TaskResult = { engine, ...rest };
  return {
    title: title === null ? null : storable(title),
    finalUrl: finalUrl === null ? null : storable(finalUrl.slice(0, URL_MAX)),
    text: text === null ? null : storable(text),
    result: storableJson(result),
  };
}

/** PostgreSQL takes no NUL, and neither database half a surrogate pair, at any depth. */
const storableJson = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (_, inner: unknown) => (typeof inner === 'string' ? storable(inner) : inner));
