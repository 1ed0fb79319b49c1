import { Injectable, Logger } from '@nestjs/common';
import type { UpstreamName } from '../config/upstreams';
import { UpstreamService } from '../upstream/upstream.service';
import type { Asked, Failure } from './overview.types';
import { type JsonObject, failureOf, isExpected, readReply } from './reply';

export interface Question<T> {
  name: UpstreamName;
  path: string;
  timeoutMs: number;
  /** @throws UnusableReply */
  parse: (body: JsonObject) => T;
  signal?: AbortSignal;
}

/** Asks one upstream one question. Never throws: what went wrong is part of the answer. */
@Injectable()
export class SourceService {
  private readonly logger = new Logger(SourceService.name);

  constructor(private readonly upstreams: UpstreamService) {}

  async ask<T>({ name, path, timeoutMs, parse, signal }: Question<T>): Promise<Asked<T>> {
    const startedAt = performance.now();
    const latency = () => Math.round(performance.now() - startedAt);
    try {
      // Switch may be busy with a chat for longer than this: people's chats must not be refused for it.
      const isAside = name === 'switch';
      const reply = await this.upstreams.get(name).request({ method: 'GET', path, timeoutMs, signal, isAside });
      const value = parse(readReply(reply));
      const source = { name, path, status: 'ok' as const, latencyMs: reply.latencyMs, error: null };
      return { source, at: new Date(), value, failure: null };
    } catch (error) {
      if (!isExpected(error)) this.logger.error({ event: `overview:${name}:not_asked`, path, err: error });
      return failed({ name, path }, failureOf(error), latency());
    }
  }
}

function failed(asked: { name: UpstreamName; path: string }, failure: Failure, latencyMs: number): Asked<never> {
  const isConfigured = failure.status !== 'not_configured';
  const source = isConfigured
    ? { ...asked, status: 'failed' as const, latencyMs, error: failure.reason }
    : { ...asked, status: 'not_configured' as const, latencyMs: null, error: null };
  return { source, at: new Date(), value: null, failure };
}
