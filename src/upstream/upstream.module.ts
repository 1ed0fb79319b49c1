import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { UpstreamService } from './upstream.service';

const REPLY_MAX_BYTES = 1024 * 1024;

@Module({
  imports: [
    HttpModule.register({
      maxContentLength: REPLY_MAX_BYTES,
      transformRequest: (body: unknown) => body,
      transformResponse: (body: unknown) => body,
      validateStatus: () => true,
    }),
  ],
  providers: [UpstreamService],
  exports: [UpstreamService],
})
export class UpstreamModule {}
