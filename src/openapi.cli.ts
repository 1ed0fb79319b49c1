import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module';
import { buildOpenApi } from './openapi';

/**
 * Prints the OpenAPI document: `node dist/src/openapi.cli.js > openapi.json`. To be run from the build, since it is the
 * compiler plugin that reads comments. In preview mode nothing is configured, connected or written.
 */
async function main(): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, { preview: true, logger: false });
  process.stdout.write(`${JSON.stringify(buildOpenApi(app), null, 2)}\n`);
}

void main();
