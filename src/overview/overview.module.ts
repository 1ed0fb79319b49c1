import { Module } from '@nestjs/common';
import { SwitchGatewayModule } from '../switch-gateway/switch-gateway.module';
import { UpstreamModule } from '../upstream/upstream.module';
import { DashboardService } from './dashboard.service';
import { OverviewTools } from './overview.tools';
import { OverviewController } from './overview.controller';
import { OverviewService } from './overview.service';
import { ResourcesService } from './resources.service';
import { SourceService } from './source.service';

@Module({
  imports: [SwitchGatewayModule, UpstreamModule],
  controllers: [OverviewController],
  providers: [DashboardService, OverviewTools, OverviewService, ResourcesService, SourceService],
})
export class OverviewModule {}
