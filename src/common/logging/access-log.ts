import { Logger } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { requestContext } from './request-context';

const logger = new Logger('Http');

/** Gives the request its id, in and out, and leaves one line when it has been answered or given up. */
export function accessLog(request: Request, response: Response, next: NextFunction): void {
  const startedAt = performance.now();
  requestContext.run(request.get('x-request-id'), (requestId) => {
    response.setHeader('X-Request-Id', requestId);
    response.once('close', () => {
      const line = {
        method: request.method,
        path: request.path,
        status: response.statusCode,
        duration_ms: Math.round((performance.now() - startedAt) * 100) / 100,
        ...(!response.writableFinished && { client_gone: true }),
      };
      // Probes come every few seconds, for ever: only those that fail are worth a line.
      if (request.path.startsWith('/health') && response.statusCode < 400) logger.debug(line);
      else logger.log(line);
    });
    next();
  });
}
