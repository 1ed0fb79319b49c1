import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config';
import { UpstreamModule } from '../upstream/upstream.module';
import { EmbeddedEngine } from './engines/embedded.engine';
import { EngineChain } from './engines/engine-chain';
import { OpenAiEngine } from './engines/openai.engine';
import { Vx11Engine } from './engines/vx11.engine';
import { HelpTool } from './help.tool';
import { SwitchController } from './switch.controller';
import { SwitchGateway } from './switch-gateway.service';
import { SwitchStatusService } from './switch-status.service';

@Module({
  imports: [UpstreamModule],
  controllers: [SwitchController],
  providers: [
    EmbeddedEngine,
    HelpTool,
    OpenAiEngine,
    SwitchStatusService,
    Vx11Engine,
    {
      provide: SwitchGateway,
      inject: [CONFIG, Vx11Engine, OpenAiEngine, EmbeddedEngine],
      useFactory: (config: Config, vx11: Vx11Engine, openai: OpenAiEngine, embedded: EmbeddedEngine): SwitchGateway => {
        const [first, ...others] = config.engines.map((name) => ({ vx11, openai, embedded })[name]);
        return others.length > 0 ? new EngineChain([first!, ...others]) : first!;
      },
    },
  ],
  exports: [SwitchGateway],
})
export class SwitchGatewayModule {}
