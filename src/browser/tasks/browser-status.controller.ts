import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../common/errors/api-problems.decorator';
import { BrowserStatusService } from './browser-status.service';
import { BrowserStatusResponseDto } from './dto/browser-status.dto';

@ApiTags('browser')
@Controller('operator/browser')
export class BrowserStatusController {
  constructor(private readonly browser: BrowserStatusService) {}

  /** Shows what the browsers are doing, what they take, and what has become of tasks since the start. */
  @Get('status')
  @ApiOperation({ operationId: 'getBrowserStatus' })
  @ApiProblems()
  async get(): Promise<BrowserStatusResponseDto> {
    return BrowserStatusResponseDto.from(await this.browser.read());
  }
}
