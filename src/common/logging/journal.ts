import { Logger } from '@nestjs/common';
import { requestContext } from './request-context';

const logger = new Logger('Journal');

/**
 * One line an operation, in the form that readers of the original's logs search for: `event: "chat:<session_id>:success"`.
 *
 * `about` names the records concerned; the request's later lines carry them too.
 */
export function journal(event: string, about: Record<string, string> = {}, fields: Record<string, unknown> = {}): void {
  requestContext.note(about);
  logger.log({ event, ...fields });
}
