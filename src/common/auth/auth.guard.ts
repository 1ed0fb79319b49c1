import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ForbiddenError } from '../errors/http.errors';
import { ACCEPTS_STREAM_TOKEN } from './accepts-stream-token.decorator';
import { IS_PUBLIC } from './public.decorator';
import { StreamTokens } from './stream-tokens';
import { TokenService } from './token.service';

/** Denies every route that is not `@Public()` to requests without a valid token. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenService,
    private readonly streamTokens: StreamTokens,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(IS_PUBLIC, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const refusal = this.tokens.refusal(request);
    if (!refusal) return true;
    const { token } = request.query;
    const isStream = this.reflector.get<boolean | undefined>(ACCEPTS_STREAM_TOKEN, context.getHandler());
    if (!isStream || typeof token !== 'string') throw refusal;
    const sessionId = request.params['session_id'];
    if (await this.streamTokens.redeem(token, typeof sessionId === 'string' ? sessionId : null)) return true;
    throw new ForbiddenError();
  }
}
