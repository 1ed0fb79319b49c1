import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsUUID } from 'class-validator';
import { ApiProblems } from '../common/errors/api-problems.decorator';
import { TurnResponseDto } from './dto/turn-response.dto';
import { TurnService } from './turn.service';

class TurnPathDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  @IsUUID()
  turn_id: string;
}

@ApiTags('chat')
@Controller('operator/turn')
export class TurnController {
  constructor(private readonly turns: TurnService) {}

  /** Tells how a turn is doing. */
  @Get(':turn_id')
  @ApiOperation({ operationId: 'getTurn' })
  @ApiProblems({ 404: ['turn_not_found'], 422: ['validation_failed'] })
  async get(@Param() { turn_id }: TurnPathDto): Promise<TurnResponseDto> {
    return TurnResponseDto.from(await this.turns.get(turn_id));
  }
}
