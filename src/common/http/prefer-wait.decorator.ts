import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

const WAIT_MAX_S = 60;

/** How long a client would like to wait for the end of what it starts, in seconds (RFC 7240); null: not at all. */
export const PreferWait = createParamDecorator((_: unknown, context: ExecutionContext): number | null =>
  preferredWait(context.switchToHttp().getRequest<Request>().get('prefer')),
);

/** A preference that is not understood is none. */
export function preferredWait(header: string | undefined): number | null {
  const [, seconds] = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:$|[,;])/i.exec(header ?? '') ?? [];
  const wait = Math.min(Number(seconds), WAIT_MAX_S);
  return wait > 0 ? wait : null;
}
