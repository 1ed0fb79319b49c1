import { HttpException, HttpStatus, type Logger } from '@nestjs/common';
import { type ErrorKind, OperatorError } from './operator.error';
import type { ProblemDto } from './problem.dto';

export const STATUS: Record<ErrorKind, HttpStatus> = {
  malformed: HttpStatus.BAD_REQUEST,
  unauthenticated: HttpStatus.UNAUTHORIZED,
  forbidden: HttpStatus.FORBIDDEN,
  'not-found': HttpStatus.NOT_FOUND,
  'method-not-allowed': HttpStatus.METHOD_NOT_ALLOWED,
  conflict: HttpStatus.CONFLICT,
  'too-large': HttpStatus.PAYLOAD_TOO_LARGE,
  'unsupported-media-type': HttpStatus.UNSUPPORTED_MEDIA_TYPE,
  invalid: HttpStatus.UNPROCESSABLE_ENTITY,
  overloaded: HttpStatus.TOO_MANY_REQUESTS,
  unexpected: HttpStatus.INTERNAL_SERVER_ERROR,
  'bad-upstream': HttpStatus.BAD_GATEWAY,
  unavailable: HttpStatus.SERVICE_UNAVAILABLE,
  'upstream-timeout': HttpStatus.GATEWAY_TIMEOUT,
};

interface Request {
  /** Path without the query, which may carry what must not be repeated. */
  instance: string;
  requestId: string;
}

/** What a client may know about an error. Errors nobody raised on purpose say nothing. */
export function toProblem(error: unknown, { instance, requestId }: Request): ProblemDto {
  const { code, status, detail, errors, extensions } = describe(error);
  return {
    type: `urn:operator:error:${code}`,
    title: code.replaceAll('_', ' '),
    status,
    detail,
    instance,
    error: code,
    status_code: status,
    request_id: requestId,
    ...(errors && { errors }),
    ...extensions,
  };
}

/** The caller's mistakes as warnings, ours and the upstreams' as errors with their cause. */
export function logProblem(logger: Logger, { error: code, status }: ProblemDto, error: unknown): void {
  const line = { event: `error:${code}`, error: code, status };
  if (status < 500) logger.warn(line);
  else logger.error({ ...line, err: error });
}

function describe(error: unknown): Pick<ProblemDto, 'status' | 'detail' | 'errors'> & {
  code: string;
  extensions?: Record<string, string | number | null>;
} {
  if (error instanceof OperatorError) {
    const { code, kind, message, errors, extensions } = error;
    return { code, status: STATUS[kind], detail: message, errors, extensions };
  }
  // Raised by the framework itself, for instance for a path that cannot be decoded. Its text is not ours to send.
  if (error instanceof HttpException && error.getStatus() < 500) {
    const status = error.getStatus();
    return { code: 'malformed_request', status, detail: 'The request cannot be understood.' };
  }
  return { code: 'internal_error', status: 500, detail: 'Something went wrong on our side. Quote the request id.' };
}
