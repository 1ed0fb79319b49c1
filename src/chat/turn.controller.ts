import { Controller, Get, HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { TurnPathDto } from './dto/turn-path.dto';
import { TurnResponseDto } from './dto/turn-response.dto';
import { TurnService } from './turn.service';

@ApiTags('chat')
@Controller('operator/turn')
export class TurnController {
  constructor(private readonly turns: TurnService) {}

  /** Tells how a turn is doing, and what it waits for. */
  @Get(':turn_id')
  @ApiOperation({ operationId: 'getTurn' })
  @ApiProblems({ 400: ['malformed_request'], 404: ['turn_not_found'], 422: ['validation_failed'] })
  async get(@Param() { turn_id }: TurnPathDto): Promise<TurnResponseDto> {
    return TurnResponseDto.from(await this.turns.get(turn_id));
  }

  /** Ends a turn. What was said until then is kept, marked as incomplete; tools that run are stopped. */
  @Post(':turn_id/cancel')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({
    operationId: 'cancelTurn',
    description: 'Only this stops a turn: a client that goes away does not. Cancelling twice is cancelling once.',
  })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['turn_not_found'],
    409: ['turn_finished'],
    422: ['validation_failed'],
  })
  async cancel(@Param() { turn_id }: TurnPathDto): Promise<TurnResponseDto> {
    return TurnResponseDto.from(await this.turns.cancel(turn_id));
  }
}
