import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module';
import { setupApp } from './app.setup';
import { TokenService } from './common/auth/token.service';
import { journal } from './common/logging/journal';
import { OperatorLogger } from './common/logging/logger';
import { CONFIG, type Config, InvalidConfigError, environment, loadConfig } from './config/config';
import { describeStart } from './startup-lines';

async function main(): Promise<void> {
  const logger = new OperatorLogger(loadConfig(environment()).log);
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  const config = app.get<Config>(CONFIG);
  await setupApp(app).listen(config.http.port, config.http.host);
  const url = await app.getUrl();
  // Beside the log on stdout, which is for programs.
  process.stderr.write(describeStart(config, app.get(TokenService).source, url));
  journal('startup:v7_initialized', {}, { url, engine: config.engine });

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    process.once(signal, () => process.exit(1)); // asked twice: do not wait
    Logger.log({ event: 'shutdown:draining', signal }, 'Main');
    await app.close();
    journal('shutdown:v7_closed');
    logger.flush();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  // A wrong setting is the reader's to mend: a line, not a stack.
  console.error(error instanceof InvalidConfigError ? error.message : error);
  process.exit(1);
});
