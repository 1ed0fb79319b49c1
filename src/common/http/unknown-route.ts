import type { Request } from 'express';
import { MethodNotAllowedError, RouteNotFoundError } from '../errors/http.errors';
import type { OperatorError } from '../errors/operator.error';

interface Layer {
  match(path: string): boolean;
  route?: { methods: Record<string, boolean> };
}

/** Tells a path that does not exist from one that wants another method. */
export function unknownRoute(request: Request): OperatorError {
  const { stack } = request.app.router as unknown as { stack: Layer[] };
  const methods = stack
    .filter((layer) => layer.route && layer.match(request.path))
    .flatMap((layer) => Object.keys(layer.route!.methods))
    .map((method) => method.toUpperCase());
  return methods.length > 0 ? new MethodNotAllowedError([...new Set(methods)].sort()) : new RouteNotFoundError();
}
