import { Module } from '@nestjs/common';
import { ThrottlerModule, type ThrottlerModuleOptions } from '@nestjs/throttler';
import type { Request } from 'express';
import { CONFIG, type Config } from '../../config/config';
import { TokenService } from '../auth/token.service';
import { RateLimitStore } from './rate-limit-store';

@Module({
  imports: [
    ThrottlerModule.forRootAsync({
      inject: [CONFIG, TokenService],
      useFactory: ({ rateLimit: { posts, windowS } }: Config, tokens: TokenService): ThrottlerModuleOptions => ({
        throttlers: [{ limit: posts, ttl: windowS * 1_000 }],
        getTracker: (request) => tokens.holder(request as Request),
        storage: new RateLimitStore(),
      }),
    }),
  ],
})
export class RateLimitModule {}
