import { type Span, SpanKind } from '@opentelemetry/api';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { routeOf } from '../http/route-of';
import { parseTraceparent } from './traceparent';
import { type Tracing, failed } from './tracing.service';

/** What comes every few seconds, for ever, and is nobody's question. */
const UNTRACED = /^\/(health|metrics)(\/|$)/;
const USER_AGENT_MAX = 256;

/** One server span a request, below the caller's if the request carries its `traceparent`. */
export function traceRequests(tracing: Tracing): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (UNTRACED.test(request.path)) return next();
    const { method, path } = request;
    const userAgent = request.get('user-agent')?.slice(0, USER_AGENT_MAX);
    const attributes = {
      'http.request.method': method,
      'url.path': path,
      'url.scheme': request.protocol,
      ...(userAgent && { 'user_agent.original': userAgent }),
    };
    const caller = parseTraceparent(request.get('traceparent'), request.get('tracestate'));
    const span = tracing.begin(method, { kind: SpanKind.SERVER, attributes }, caller);
    response.once('close', () => end(span, request, response));
    tracing.within(span, () => next());
  };
}

function end(span: Span, request: Request, response: Response): void {
  const route = routeOf(request);
  if (route) span.updateName(`${request.method} ${route}`).setAttribute('http.route', route);
  span.setAttribute('operator.request_id', String(response.getHeader('X-Request-Id')));
  if (response.headersSent) {
    span.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= 500) failed(span, String(response.statusCode));
  }
  if (!response.writableFinished) failed(span, 'client_gone');
  span.end();
}
