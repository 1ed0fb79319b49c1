import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerRequest } from '@nestjs/throttler';
import type { Request, Response } from 'express';
import { RateLimitedError } from '../errors/http.errors';

/** Names the policy in the headers of draft-ietf-httpapi-ratelimit-headers-11. */
const POLICY = '"default"';

/** Counts the POST requests of each token, on whatever route, and refuses those beyond the limit. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  protected override async handleRequest(request: ThrottlerRequest): Promise<boolean> {
    const { context, limit, ttl, throttler, blockDuration, getTracker } = request;
    const http = context.switchToHttp();
    const key = await getTracker(http.getRequest<Request>(), context);
    const name = throttler.name!;
    const { totalHits, timeToExpire, isBlocked } = await this.storageService.increment(
      key,
      ttl,
      limit,
      blockDuration,
      name,
    );
    const response = http.getResponse<Response>();
    response.setHeader('RateLimit-Policy', `${POLICY};q=${limit};w=${ttl / 1_000}`);
    response.setHeader('RateLimit', `${POLICY};r=${limit - totalHits};t=${timeToExpire}`);
    if (isBlocked) throw new RateLimitedError(timeToExpire);
    return true;
  }

  /** Reads cost little, and a probe must always get through. A limit of 0 is none. */
  protected override async shouldSkip(context: ExecutionContext): Promise<boolean> {
    return this.throttlers[0]!.limit === 0 || context.switchToHttp().getRequest<Request>().method !== 'POST';
  }
}
