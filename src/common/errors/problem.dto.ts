export class FieldErrorDto {
  /** @example 'message' */
  field: string;
  /** @example 'message must not be empty' */
  message: string;
}

/** The one shape of every error, RFC 9457. Some errors add members, such as `session_id` or `turn_id`. */
export class ProblemDto {
  /** Names this kind of error: `urn:operator:error:<code>`. */
  type: string;
  title: string;
  /** The HTTP status. */
  status: number;
  /** What went wrong this time, for a person. */
  detail: string;
  /** The path that was asked for. */
  instance: string;
  /** What went wrong, for a program. Stable. */
  error: string;
  /** The HTTP status again, for clients of the original Operator. */
  status_code: number;
  /** Finds the matching log lines. */
  request_id: string;
  /** With `validation_failed`: one entry a rejected field. */
  errors?: FieldErrorDto[];
}
