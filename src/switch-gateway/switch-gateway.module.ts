import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config';
import { UpstreamModule } from '../upstream/upstream.module';
import { EmbeddedCommandsService } from './embedded-commands.service';
import { EmbeddedEngine } from './engines/embedded.engine';
import { Vx11Engine } from './engines/vx11.engine';
import { SwitchController } from './switch.controller';
import { SwitchGateway } from './switch-gateway.service';
import { SwitchStatusService } from './switch-status.service';

@Module({
  imports: [UpstreamModule],
  controllers: [SwitchController],
  providers: [
    EmbeddedCommandsService,
    EmbeddedEngine,
    SwitchStatusService,
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
