import { type ArgumentsHost, Catch, type ExceptionFilter, Logger, ServiceUnavailableException } from '@nestjs/common';
import type { Response } from 'express';

/** Probes read Terminus' own body; a problem document would hide which dependency is down. */
@Catch(ServiceUnavailableException)
export class HealthFilter implements ExceptionFilter {
  private readonly logger = new Logger('Health');

  catch(error: ServiceUnavailableException, host: ArgumentsHost): void {
    this.logger.warn({ event: 'health:not_ready', readiness: error.getResponse() });
    host.switchToHttp().getResponse<Response>().status(error.getStatus()).json(error.getResponse());
  }
}
