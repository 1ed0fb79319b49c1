import { Controller, Get, Param, Res, type StreamableFile } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { ApiProblems } from '../../common/errors/api-problems.decorator';
import { ArtifactService } from './artifact.service';
import { handOut } from './hand-out';
import { ArtifactPathDto, toAddress } from './dto/artifact.dto';

@ApiTags('browser')
@Controller('operator')
export class ArtifactController {
  constructor(private readonly artifacts: ArtifactService) {}

  /** Hands out something that a task has kept, as an attachment: it is a page’s, and not to be run here. */
  @Get('artifact/:artifact_id')
  @ApiOperation({ operationId: 'getArtifact' })
  @ApiOkResponse({
    description: 'The bytes, of the artifact’s own content type.',
    content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' }, example: '(bytes)' } },
  })
  @ApiProblems({
    400: ['malformed_request'],
    404: ['artifact_not_found'],
    422: ['validation_failed'],
    500: ['artifact_damaged'],
  })
  async get(@Param() path: ArtifactPathDto, @Res({ passthrough: true }) response: Response): Promise<StreamableFile> {
    return handOut(await this.artifacts.read(toAddress(path)), response, 'attachment');
  }
}
