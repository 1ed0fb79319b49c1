import { IsIn, IsNotEmpty, IsOptional, MaxLength } from 'class-validator';
import { PageQueryDto } from '../../common/http/page-query.dto';
import { IsStorableText } from '../../common/http/text.validators';
import type { ExportFormat } from '../session-export';

export class SessionPathDto {
  /**
   * What the session is addressed by. Those that the original Operator wrote may hold any characters.
   * @example 'support-4711'
   */
  @IsStorableText()
  @MaxLength(64)
  session_id: string;
}

export class SessionListQueryDto extends PageQueryDto {
  /** Only this user's sessions. */
  @IsOptional()
  @IsStorableText()
  @MaxLength(64)
  user_id?: string;

  /** Only sessions whose id or messages contain this text, whatever the case. */
  @IsOptional()
  @IsStorableText()
  @IsNotEmpty()
  @MaxLength(200)
  q?: string;
}

export class SessionExportQueryDto {
  /** `json`, or `markdown` for reading. */
  @IsOptional()
  @IsIn(['json', 'markdown'])
  format?: ExportFormat = 'json';
}
