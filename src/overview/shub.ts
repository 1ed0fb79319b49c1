import { z } from 'zod';
import { label } from '../upstream/foreign-text';
import type { Project } from './overview.types';
import { type JsonObject, UnusableReply, isObject } from './reply';

/** Where each revision has its projects. */
export const PROJECT_PATHS = ['/shub/reaper/projects', '/api/reaper/projects'] as const;

const PROJECTS_MAX = 100;
const TEXT_LENGTH = 128;
const NAMES = ['name', 'project_name', 'title', 'id', 'project_id'] as const;
const IDS = ['id', 'project_id'] as const;

const projectsSchema = z.object({ status: z.string().catch(''), projects: z.array(z.unknown()) });

/** `projects` is null where Shub answers as it can and yet has no list. */
export interface ProjectList {
  projects: Project[] | null;
  /** How many there are, shown or not. */
  total: number | null;
}

/** The projects of either revision. One that only keeps the place of a list, and says so, has none to tell of. */
export function parseProjects(body: JsonObject): ProjectList {
  const parsed = projectsSchema.safeParse(body);
  if (body['status'] === 'stub') return { projects: null, total: null };
  if (!parsed.success) throw new UnusableReply('answered without projects');
  const { status, projects } = parsed.data;
  if (!['success', 'ok', ''].includes(status)) throw new UnusableReply('answered that it failed');
  const named = projects.flatMap((project) => toProject(project) ?? []);
  return { projects: named.slice(0, PROJECTS_MAX), total: named.length };
}

/** Null where there is nothing to call it by. */
function toProject(project: unknown): Project | null {
  if (!isObject(project)) return toProject({ name: project });
  const name = first(project, NAMES);
  return name === null ? null : { name, id: first(project, IDS), status: first(project, ['status']) };
}

function first(project: JsonObject, keys: readonly string[]): string | null {
  const values = keys.map((key) => project[key]).filter((value) => ['string', 'number'].includes(typeof value));
  return values.map((value) => label(String(value), TEXT_LENGTH)).find(Boolean) ?? null;
}
