import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module';
import { setupApp } from './app.setup';
import { TokenService } from './common/auth/token.service';
import { journal } from './common/logging/journal';
import { OperatorLogger } from './common/logging/logger';
import { CONFIG, type Config, environment, loadConfig } from './config/config';
import { describeStart, describeStartFailure } from './startup-lines';

/** After the drain, for answers on their way. */
const LAST_BYTES_MS = 5_000;

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
  journal('startup:v7_initialized', {}, { url, engine: config.engines.join(',') });

  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    process.once(signal, () => process.exit(1)); // asked twice: do not wait
    Logger.log({ event: 'shutdown:draining', signal }, 'Main');
    // A client that does not take its answer keeps the server open; it does not keep the process.
    const { drainTimeoutMs } = config.turn;
    setTimeout(() => app.getHttpServer().closeAllConnections(), drainTimeoutMs + LAST_BYTES_MS).unref();
    await app.close();
    journal('shutdown:v7_closed');
    logger.flush();
    process.exit(0);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

main().catch((error: unknown) => {
  console.error(describeStartFailure(error) ?? error);
  process.exit(1);
});
