import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import { TokenService } from './common/auth/token.service';
import { jsonBody } from './common/http/json-body';
import { accessLog } from './common/logging/access-log';
import { measureRequests } from './common/metrics/measure-requests';
import { Metrics } from './common/metrics/metrics.service';
import { traceRequests } from './common/tracing/trace-requests';
import { Tracing } from './common/tracing/tracing.service';
import { CONFIG, type Config } from './config/config';
import { serveDocs } from './openapi';
import { isBareResult } from './telemetry/tool-calls/tool-call-form';

const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;

/** What `main.ts` and the tests set up alike. The app must have been made without Nest's own body parser. */
export function setupApp(app: NestExpressApplication): NestExpressApplication {
  const { http } = app.get<Config>(CONFIG);
  const tokens = app.get(TokenService);

  app.disable('x-powered-by');
  app.disable('etag');
  const tracing = app.get(Tracing);
  if (tracing.isOn) app.use(traceRequests(tracing));
  app.use(accessLog);
  const metrics = app.get(Metrics);
  if (metrics.isOn) app.use(measureRequests(metrics));
  // The docs show a picture that an operation answers with as a blob of their own.
  const directives = { upgradeInsecureRequests: null, imgSrc: ["'self'", 'data:', 'blob:'] };
  app.use(helmet({ contentSecurityPolicy: { directives } }));
  app.enableCors({
    origin: [...http.allowedOrigins],
    exposedHeaders: [
      'Idempotency-Replayed',
      'Location',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'X-Operator-Overhead-Ms',
      'X-Request-Id',
    ],
    maxAge: 600,
  });
  app.use(jsonBody(http.bodyMaxBytes, (request) => tokens.refusal(request) === null, isBareResult));
  serveDocs(app);

  const server = app.getHttpServer() as import('node:http').Server;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  // Longer than a proxy's, so that it is the proxy that closes an idle connection.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return app;
}
