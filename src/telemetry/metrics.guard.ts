import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { TokenService } from '../common/auth/token.service';
import { RouteNotFoundError } from '../common/errors/http.errors';
import { CONFIG, type Config } from '../config/config';

/** Lets those see the metrics whom `METRICS` lets. */
@Injectable()
export class MetricsGuard implements CanActivate {
  constructor(
    private readonly tokens: TokenService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    switch (this.config.metrics) {
      case 'open':
        return true;
      case 'off':
        throw new RouteNotFoundError();
      case 'token': {
        const refusal = this.tokens.refusal(context.switchToHttp().getRequest<Request>());
        if (refusal) throw refusal;
        return true;
      }
    }
  }
}
