import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, MaxLength, Min } from 'class-validator';

export class PageQueryDto {
  /** How many entries at most. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  limit?: number;

  /** The `next_cursor` of the page before. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  cursor?: string;
}
