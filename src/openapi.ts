import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { finish } from './openapi-finish';

/** The OpenAPI document, made from the controllers and their comments. */
export function buildOpenApi(app: NestExpressApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Operator')
    .setDescription(
      'Control plane of a self-hosted AI stack. Every route but `/health*` and the docs wants a token (`/metrics` if so configured), in ' +
        '`X-VX11-Token` or as `Authorization: Bearer`. Every error is `application/problem+json` with a stable code ' +
        'in `error`.',
    )
    .setVersion('7.0.0')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/')
    .addTag('chat', 'Turns: a question, stored before anybody is asked, and its answer.')
    .addTag('sessions', 'Conversations: list, read, export, erase.')
    .addTag('telemetry', 'What was done: tool calls, adjustments, feedback, evidence.')
    .addTag('browser', 'Pages visited by a real Chromium that cannot reach your network.')
    .addTag('overview', 'The whole system in view: modules, Shub, tools and models.')
    .addTag('switch', 'The LLM router: its queue and its models.')
    .addTag('health', 'Probes.')
    .addTag('metrics', 'Figures.')
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-VX11-Token' }, 'token')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'opaque' }, 'bearer')
    .addSecurityRequirements('token')
    .addSecurityRequirements('bearer');
  return finish(SwaggerModule.createDocument(app, builder.build(), { autoTagControllers: false }));
}

/** `/docs`, `/docs-json` and `/docs-yaml`. Plain routes: the global guard never sees them. */
export function serveDocs(app: NestExpressApplication): void {
  SwaggerModule.setup('docs', app, () => buildOpenApi(app), {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    customSiteTitle: 'Operator API',
    swaggerOptions: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
  });
}
