import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config';
import { upstreamHttp } from '../upstream/upstream-client';
import { EmbeddedCommandsService } from './embedded-commands.service';
import { EmbeddedEngine } from './engines/embedded.engine';
import { Vx11Engine } from './engines/vx11.engine';
import { SwitchGateway } from './switch-gateway.service';

const CONNECTIONS = 256;

@Module({
  imports: [
    HttpModule.registerAsync({
      inject: [CONFIG],
      useFactory: (config: Config) =>
        upstreamHttp({ connectTimeoutMs: config.switch.connectTimeoutMs, connections: CONNECTIONS }),
    }),
  ],
  providers: [
    EmbeddedCommandsService,
    EmbeddedEngine,
    Vx11Engine,
    {
      provide: SwitchGateway,
      inject: [CONFIG, Vx11Engine, EmbeddedEngine],
      useFactory: ({ engine }: Config, vx11: Vx11Engine, embedded: EmbeddedEngine): SwitchGateway =>
        ({ vx11, embedded })[engine],
    },
  ],
  exports: [EmbeddedCommandsService, SwitchGateway],
})
export class SwitchGatewayModule {}
