import { isUtf8 } from 'node:buffer';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import {
  MalformedRequestError,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
  ValidationFailedError,
} from '../errors/http.errors';
import { isDeeper, isJsonObject } from './text.validators';

/** Deeper than any request needs to be, and shallow enough for code that walks it by recursion. */
const BODY_LEVELS = 64;

type Test = (request: Request) => boolean;

/**
 * Parses JSON bodies of requests that `mayPass`; the body of any other is never read, since its answer is a refusal
 * that the guard gives. A body is an object, but for requests where it `mayBeAnything`.
 */
export function jsonBody(limitBytes: number, mayPass: Test, mayBeAnything: Test): RequestHandler {
  const parse = express.json({
    limit: limitBytes,
    inflate: false,
    strict: false,
    type: isJson,
    verify: refuseEncoding,
  });

  return (request: Request, response: Response, next: NextFunction) => {
    if (!hasBody(request) || !mayPass(request)) return next();
    if (!isJson(request)) return next(new UnsupportedMediaTypeError());
    parse(request, response, (error?: unknown) => {
      if (error) next(describe(error as { type?: string }, limitBytes));
      else if (isJsonObject(request.body, BODY_LEVELS)) next();
      else if (mayBeAnything(request) && !isDeeper(request.body, BODY_LEVELS)) next();
      else next(notAnObject());
    });
  };
}

const hasBody = ({ headers }: Request): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

const isJson = (request: { headers: Request['headers'] }): boolean =>
  /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(request.headers['content-type'] ?? '');

/** The parser would put a mark in the place of bytes that are no text, and so store what nobody said. */
function refuseEncoding(_request: unknown, _response: unknown, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8') throw Object.assign(new Error('Not UTF-8.'), { type: 'charset.unsupported' });
  if (!isUtf8(body)) throw new Error('Not UTF-8.');
}

const notAnObject = (): Error =>
  new ValidationFailedError([
    { field: 'body', message: `body must be a JSON object, nested at most ${BODY_LEVELS} levels deep` },
  ]);

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
