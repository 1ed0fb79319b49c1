import { IsUUID } from 'class-validator';

export class TurnPathDto {
  /** @example '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d' */
  @IsUUID()
  turn_id: string;
}
