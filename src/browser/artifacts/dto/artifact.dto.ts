import { Matches } from 'class-validator';
import { ValidationFailedError } from '../../../common/errors/http.errors';
import { ROW_ID_RULE, isRowId, toRowId } from '../../../common/http/row-id';
import type { ArtifactKind } from '../artifact.types';
import type { OperatorArtifact } from '../operator-artifact.entity';

export class ArtifactDto {
  /** @example 12 */
  id: number;
  /** @example 'snapshot' */
  kind: ArtifactKind;
  /**
   * The task’s step that made it, from 0; null for what is taken at the end.
   * @example null
   */
  step: number | null;
  /**
   * The task’s attempt that made it.
   * @example 1
   */
  attempt: number;
  /** @example 'image/png' */
  content_type: string;
  /** @example 18211 */
  bytes: number;
  /** @example '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' */
  sha256: string;
  /** @example '/operator/artifact/12' */
  url: string;
  /** @example '2026-11-25T09:30:00.400Z' */
  created_at: string;

  static from(artifact: OperatorArtifact): ArtifactDto {
    return {
      id: artifact.id,
      kind: artifact.kind,
      step: artifact.step,
      attempt: artifact.attempt,
      content_type: artifact.contentType,
      bytes: artifact.bytes,
      sha256: artifact.sha256,
      url: `/operator/artifact/${artifact.id}`,
      created_at: artifact.createdAt.toISOString(),
    };
  }
}

const HASH = /^[0-9a-f]{64}$/;
const RULE = `${ROW_ID_RULE}, or have 64 hexadecimal digits`;

export class ArtifactPathDto {
  /**
   * Its number, or the SHA-256 of its bytes in hex.
   * @example '12'
   */
  @Matches(/^(\d{1,10}|[0-9a-f]{64})$/, { message: `$property ${RULE}` })
  artifact_id: string;
}

/** The number or the hash that a path names. Throws when no artifact could have it. */
export function toAddress({ artifact_id }: ArtifactPathDto): number | string {
  if (HASH.test(artifact_id)) return artifact_id;
  const id = toRowId(artifact_id);
  if (isRowId(id)) return id;
  throw new ValidationFailedError([{ field: 'artifact_id', message: `artifact_id ${RULE}` }]);
}
