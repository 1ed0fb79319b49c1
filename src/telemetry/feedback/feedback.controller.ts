import { Body, Controller, HttpCode, HttpStatus, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../../common/errors/api-problems.decorator';
import { FeedbackRequestDto, FeedbackResponseDto, toFeedback } from './dto/feedback.dto';
import { FeedbackService } from './feedback.service';

@ApiTags('telemetry')
@Controller('operator/switch')
export class FeedbackController {
  constructor(private readonly feedback: FeedbackService) {}

  /**
   * Tells Switch how an engine did. Operator does so itself after every turn; this is for what only the client knows.
   * It is stored, and delivered at least once when Switch takes it.
   */
  @Post('feedback')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({ operationId: 'submitFeedback' })
  @ApiProblems({
    400: ['malformed_request'],
    413: ['payload_too_large'],
    415: ['unsupported_media_type'],
    422: ['validation_failed'],
  })
  async submit(@Body() request: FeedbackRequestDto): Promise<FeedbackResponseDto> {
    return FeedbackResponseDto.from(await this.feedback.submit(toFeedback(request)));
  }
}
