import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { TurnPathDto } from './dto/turn-path.dto';
import { TurnResponseDto } from './dto/turn-response.dto';
import { TurnService } from './turn.service';

@ApiTags('chat')
@Controller('operator/turn')
export class TurnController {
  constructor(private readonly turns: TurnService) {}

  /** Tells how a turn is doing. */
  @Get(':turn_id')
  @ApiOperation({ operationId: 'getTurn' })
  @ApiProblems({ 400: ['malformed_request'], 404: ['turn_not_found'], 422: ['validation_failed'] })
  async get(@Param() { turn_id }: TurnPathDto): Promise<TurnResponseDto> {
    return TurnResponseDto.from(await this.turns.get(turn_id));
  }
}
