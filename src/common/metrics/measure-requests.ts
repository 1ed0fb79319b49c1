import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { routeOf } from '../http/route-of';
import type { Metrics } from './metrics.service';

/** Anybody may send any method and any path: only so many become labels. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Measures every request, by the route it matched and the class of its answer's status. */
export function measureRequests(metrics: Metrics): RequestHandler {
  const observe = metrics.histogram({
    name: 'operator_http_request_duration_seconds',
    help: 'Requests, by route, method and class of the status.',
    labelNames: ['route', 'method', 'status'],
  });
  return (request: Request, response: Response, next: NextFunction) => {
    const startedAt = performance.now();
    response.once('close', () => {
      const labels = {
        route: routeOf(request) ?? 'none',
        method: METHODS.has(request.method) ? request.method : 'other',
        status: response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : 'none',
      };
      observe(labels, (performance.now() - startedAt) / 1_000);
    });
    next();
  };
}
