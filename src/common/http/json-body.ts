import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { MalformedRequestError, PayloadTooLargeError, UnsupportedMediaTypeError } from '../errors/http.errors';

/**
 * Parses JSON bodies of requests that `mayPass`; the body of any other is never read, since its answer is a refusal
 * that the guard gives.
 */
export function jsonBody(limitBytes: number, mayPass: (request: Request) => boolean): RequestHandler {
  const parse = express.json({ limit: limitBytes, inflate: false, strict: false, type: isJson });

  return (request: Request, response: Response, next: NextFunction) => {
    if (!hasBody(request) || !mayPass(request)) return next();
    if (!isJson(request)) return next(new UnsupportedMediaTypeError());
    parse(request, response, (error?: unknown) => next(error && describe(error as { type?: string }, limitBytes)));
  };
}

const hasBody = ({ headers }: Request): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

const isJson = (request: { headers: Request['headers'] }): boolean =>
  /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(request.headers['content-type'] ?? '');

function describe(error: { type?: string }, limitBytes: number): Error {
  switch (error.type) {
    case 'entity.too.large':
      return new PayloadTooLargeError('The body', limitBytes);
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return new UnsupportedMediaTypeError();
    default:
      return new MalformedRequestError('The body is not valid JSON.', { cause: error });
  }
}
