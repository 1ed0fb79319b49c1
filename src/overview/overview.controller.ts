import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { DashboardService } from './dashboard.service';
import { DashboardResponseDto } from './dto/dashboard-response.dto';
import { OverviewResponseDto } from './dto/overview-response.dto';
import { ResourcesResponseDto } from './dto/resources-response.dto';
import { OverviewService } from './overview.service';
import { ResourcesService } from './resources.service';

@ApiTags('overview')
@Controller('operator')
export class OverviewController {
  constructor(
    private readonly overviews: OverviewService,
    private readonly dashboards: DashboardService,
    private readonly inventory: ResourcesService,
  ) {}

  /** Shows how every module of the system is. */
  @Get('vx11/overview')
  @ApiOperation({ operationId: 'getOverview' })
  @ApiProblems()
  async overview(): Promise<OverviewResponseDto> {
    return OverviewResponseDto.from(await this.overviews.get());
  }

  /** Shows how Shub is, and its projects. */
  @Get('shub/dashboard')
  @ApiOperation({ operationId: 'getShubDashboard' })
  @ApiProblems()
  async dashboard(): Promise<DashboardResponseDto> {
    return DashboardResponseDto.from(await this.dashboards.get());
  }

  /** Shows tools, local models and budgets. */
  @Get('resources')
  @ApiOperation({ operationId: 'getResources' })
  @ApiProblems()
  async resources(): Promise<ResourcesResponseDto> {
    return ResourcesResponseDto.from(await this.inventory.get());
  }
}
