import type { Request } from 'express';

/** The pattern that a request matched, `/operator/session/:session_id`; null if no route wanted it. */
export function routeOf({ route }: Request): string | null {
  const { path } = (route ?? {}) as { path?: unknown };
  return typeof path === 'string' ? path : null;
}
