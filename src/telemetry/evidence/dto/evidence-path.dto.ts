import { IsIn, MaxLength, isUUID } from 'class-validator';
import { ValidationFailedError } from '../../../common/errors/http.errors';
import { ROW_ID_RULE, isRowId, toRowId } from '../../../common/http/row-id';
import { IsStorableText } from '../../../common/http/text.validators';
import { EVIDENCE_KINDS, type EvidenceKind, type RecordAddress } from '../evidence.types';

export class EvidencePathDto {
  /**
   * What the record is.
   * @example 'tool_call'
   */
  @IsIn(EVIDENCE_KINDS)
  kind: EvidenceKind;

  /**
   * Its id: a session’s name, a turn’s UUID, any other’s number.
   * @example '7'
   */
  @IsStorableText()
  @MaxLength(64)
  id: string;
}

/** The record that a path names. Throws when no record of its kind could have this id. */
export function toAddress({ kind, id }: EvidencePathDto): RecordAddress {
  if (kind === 'session') return { kind, id };
  if (kind === 'turn') {
    if (isUUID(id)) return { kind, id };
    throw new ValidationFailedError([{ field: 'id', message: 'id must be a UUID' }]);
  }
  const row = toRowId(id);
  if (isRowId(row)) return { kind, id: row };
  throw new ValidationFailedError([{ field: 'id', message: `id ${ROW_ID_RULE}` }]);
}
