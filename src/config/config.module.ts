import { Global, Module } from '@nestjs/common';
import { CONFIG, environment, loadConfig } from './config';

@Global()
@Module({
  providers: [{ provide: CONFIG, useFactory: () => loadConfig(environment()) }],
  exports: [CONFIG],
})
export class ConfigModule {}
