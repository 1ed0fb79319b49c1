import { type ArgumentsHost, Catch, type ExceptionFilter, Logger, NotFoundException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { unknownRoute } from '../http/unknown-route';
import { requestContext } from '../logging/request-context';
import { OperatorError } from './operator.error';
import { logProblem, toProblem } from './problem';

/** Logs every error once and answers it in one shape. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Problem');

  catch(raised: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    // Nest's own, for requests that no route wants: services raise none.
    const error = raised instanceof NotFoundException ? unknownRoute(request) : raised;
    const problem = toProblem(error, { instance: request.path, requestId: requestContext.id() });

    logProblem(this.logger, problem, error);
    if (response.headersSent) {
      // Half an answer must not look like a whole one.
      response.destroy();
      return;
    }
    if (error instanceof OperatorError) response.set(error.headers);
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  }
}
