import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config, isLoopback } from '../../config/config';
import { AuthRequiredError, ForbiddenError } from '../errors/http.errors';
import type { OperatorError } from '../errors/operator.error';

/** Where clients find their token: in the configuration, or in a file that the first start wrote. */
export type TokenSource = { kind: 'configured' } | { kind: 'generated'; file: string; isNew: boolean; token: string };

/** What was found out about a request's token, once for all who ask. */
interface Verdict {
  refusal: OperatorError | null;
  /** Of a valid token. */
  digest: Buffer | null;
}
const VERDICT = Symbol('VERDICT');

@Injectable()
export class TokenService {
  readonly source: TokenSource | { kind: 'disabled' };
  private readonly digests: Buffer[];

  constructor(@Inject(CONFIG) { auth, data }: Config) {
    this.source = !auth.enabled
      ? { kind: 'disabled' }
      : auth.tokens.length > 0
        ? { kind: 'configured' }
        : generated(join(data.dir, 'token'));
    this.digests = (this.source.kind === 'generated' ? [this.source.token] : auth.tokens).map(digest);
  }

  /** Why this request may not pass, or null when it may. Reads headers only. */
  refusal(request: IncomingMessage): OperatorError | null {
    return this.verdict(request).refusal;
  }

  /** Tells requests with different tokens apart, without the token itself. */
  holder(request: IncomingMessage): string {
    return this.verdict(request).digest?.toString('base64') ?? 'anybody';
  }

  private verdict(request: IncomingMessage & { [VERDICT]?: Verdict }): Verdict {
    return (request[VERDICT] ??= this.judge(request));
  }

  private judge(request: IncomingMessage): Verdict {
    if (this.source.kind === 'disabled') {
      // Without tokens a page of any site could reach us by a name of its own that leads to loopback.
      return { refusal: isLoopback(hostOf(request)) ? null : new ForbiddenError(), digest: null };
    }
    const token = presented(request);
    if (!token) return { refusal: new AuthRequiredError(), digest: null };
    const given = digest(token);
    return this.accepts(given) ? { refusal: null, digest: given } : { refusal: new ForbiddenError(), digest: null };
  }

  /** Compares with every valid token, always all of them: time tells nothing about which one nearly matched. */
  private accepts(given: Buffer): boolean {
    return this.digests.reduce((found, valid) => timingSafeEqual(given, valid) || found, false);
  }
}

function presented({ headers }: IncomingMessage): string | undefined {
  const header = headers['x-vx11-token']?.toString().trim();
  return header || /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}

/** Without the port. */
const hostOf = ({ headers }: IncomingMessage): string => (headers.host ?? '').replace(/:\d+$/, '');

/** Equal lengths whatever was sent, as the constant-time comparison wants them. */
const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/** The token kept in `file`, made at the first start and readable by its owner only. */
function generated(file: string): TokenSource {
  const kept = read(file);
  if (kept) return { kind: 'generated', file, isNew: false, token: kept };
  const token = randomBytes(24).toString('base64url');
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
  return { kind: 'generated', file, isNew: true, token };
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
