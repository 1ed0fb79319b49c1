import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { OpenAI } from 'openai' with { 'resolution-mode': 'import' };
import { CONFIG, type Config } from '../../config/config';
import { Breaker } from '../../upstream/breaker';
import { label } from '../../upstream/foreign-text';
import { type StreamingFetch, streamingFetch } from '../../upstream/streaming-fetch';
import { UpstreamError } from '../../upstream/upstream.errors';
import {
  type Subject,
  SwitchError,
  SwitchAbortedError,
  SwitchBadReplyError,
  SwitchServerError,
  SwitchTimeoutError,
  SwitchUnavailableError,
} from '../switch.errors';
import type { EngineHealth, OnText, Prompt, SwitchModels, SwitchReply } from '../switch-gateway.types';
import { bad } from './openai-chunk';
import { connect } from './openai-client';
import { Deadlines } from './openai-deadlines';
import { BrokenStreamError, failureOf, streamFailureOf } from './openai-failure';
import { readChunks } from './openai-events';
import { ChunkedReply } from './openai-reply';
import { type WireRequest, toWire } from './openai-wire';
import { RouterlessEngine } from './routerless.engine';
import { asSwitchError } from './upstream-failure';

const WHO: Subject = 'The model server';
const RETRIES = 2;
const RETRY_MS = 250;
const LIST_TIMEOUT_MS = 5_000;
const HEALTH_TIMEOUT_MS = 2_000;
const LIST_MAX = 1_000;
const NAME_LENGTH = 128;
const BODY_MAX_BYTES = 2 * 1024 * 1024;

/** How a call ended, in the terms of the breaker. */
type Ended<T> = { status: number } & ({ value: T } | { error: SwitchError });

/** A server with OpenAI's API: Ollama, vLLM, llama.cpp, LiteLLM and their like. */
@Injectable()
export class OpenAiEngine extends RouterlessEngine implements OnModuleDestroy {
  readonly name = 'openai';
  readonly takesTools = true;
  private readonly settings: Config['openai'];
  private readonly wire: StreamingFetch;
  private readonly breaker: Breaker;
  private connection?: Promise<OpenAI>;

  constructor(@Inject(CONFIG) { openai, breaker, engines }: Pick<Config, 'openai' | 'breaker' | 'engines'>) {
    super();
    this.settings = openai;
    this.wire = streamingFetch({
      connectTimeoutMs: openai.connectTimeoutMs,
      bodyMaxBytes: BODY_MAX_BYTES,
      tooLarge: () => bad('it is too large'),
    });
    this.breaker = new Breaker('openai', breaker, () => this.ended(this.list(HEALTH_TIMEOUT_MS)));
    // Whoever asks first is not to wait for it.
    if (engines.includes(this.name)) void this.client();
  }

  async chat(prompt: Prompt, signal?: AbortSignal, onText: OnText = () => undefined): Promise<SwitchReply> {
    const request = toWire(prompt, this.settings.model!);
    const deadlines = new Deadlines(this.settings, signal);
    try {
      return await this.guarded(() => this.attempts(request, deadlines, onText));
    } finally {
      deadlines.end();
    }
  }

  async models(signal?: AbortSignal): Promise<SwitchModels> {
    const names = await this.guarded(() => this.list(LIST_TIMEOUT_MS, signal), true);
    const models = names.map((name) => ({ name, category: null, sizeMb: null, status: null, isWarm: null, tags: [] }));
    return { models, active: this.settings.model, warm: null };
  }

  async health(signal?: AbortSignal): Promise<EngineHealth> {
    try {
      await this.guarded(() => this.list(HEALTH_TIMEOUT_MS, signal), true);
      return { isHealthy: true, detail: 'The model server answers.' };
    } catch (error) {
      return { isHealthy: false, detail: (error as Error).message };
    }
  }

  onModuleDestroy(): void {
    this.breaker.close();
    this.wire.close();
  }

  /** Asks again while nothing of an answer has come and a further attempt may help in time. */
  private async attempts(request: WireRequest, deadlines: Deadlines, onText: OnText): Promise<SwitchReply> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.ask(request, deadlines, onText);
      } catch (thrown) {
        deadlines.throwIfEnded();
        const { error, isPassing, retryAfterMs } = failureOf(thrown);
        const waitMs = retryAfterMs ?? RETRY_MS * 2 ** attempt * (1 - Math.random() / 4);
        const isHopeless = deadlines.hasBegun || !isPassing || attempt === RETRIES || waitMs >= deadlines.leftMs;
        if (isHopeless) throw error;
        await sleep(waitMs, undefined, { signal: deadlines.signal }).catch(() => undefined);
        deadlines.throwIfEnded();
      }
    }
  }

  private async ask(request: WireRequest, deadlines: Deadlines, onText: OnText): Promise<SwitchReply> {
    const client = await this.client();
    const options = { signal: deadlines.signal, timeout: this.settings.timeoutMs };
    const response = await client.chat.completions.create(request, options).asResponse();
    const reply = new ChunkedReply(onText);
    let isDone = false;
    try {
      const stream = this.wire.streamOf(response);
      if (!stream) throw bad('it is not a stream of events');
      isDone = await readChunks(stream, (chunk) => {
        if (deadlines.isOver) return;
        if (reply.add(chunk)) deadlines.progress();
        if (reply.isFinished) deadlines.finish();
      });
    } catch (error) {
      // What is finished is not undone by how the connection ends.
      if (!reply.isFinished || error instanceof SwitchBadReplyError) throw streamFailureOf(error);
    }
    deadlines.throwIfEnded();
    if (!reply.isEmpty && !reply.isFinished && !isDone) throw new BrokenStreamError();
    return reply.end();
  }

  private async list(timeoutMs: number, signal?: AbortSignal): Promise<string[]> {
    const client = await this.client();
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const { data } = await client.models.list({ signal: signal ? AbortSignal.any([signal, deadline]) : deadline });
      if (!Array.isArray(data)) throw bad('it is not a list of models');
      return data.slice(0, LIST_MAX).map(({ id }) => label(String(id), NAME_LENGTH));
    } catch (error) {
      if (signal?.aborted) throw new SwitchAbortedError();
      if (!deadline.aborted) throw failureOf(error).error;
      const cause = new UpstreamError('timeout', `There was no list of models within ${timeoutMs} ms.`);
      throw new SwitchTimeoutError(cause, WHO);
    }
  }

  /** Refused at once while the server is left alone. `isAside`: its failure opens no circuit. */
  private async guarded<T>(call: () => Promise<T>, isAside = false): Promise<T> {
    try {
      const ended = await this.breaker.run(() => this.ended(call()), isAside);
      if ('error' in ended) throw ended.error;
      return ended.value;
    } catch (error) {
      const failure = error instanceof UpstreamError ? asSwitchError(error, WHO) : error;
      if (failure instanceof SwitchError) failure.engine = this.settings.model;
      throw failure;
    }
  }

  /** What says that the server is not there is an outcome; all else is the call's own affair. */
  private async ended<T>(call: Promise<T>): Promise<Ended<T>> {
    try {
      return { status: 200, value: await call };
    } catch (error) {
      if (error instanceof SwitchServerError) return { status: error.status, error };
      if (error instanceof SwitchUnavailableError) return { status: 503, error };
      if (error instanceof SwitchTimeoutError) return { status: 504, error };
      throw error;
    }
  }

  private client(): Promise<OpenAI> {
    return (this.connection ??= connect(this.settings, this.wire.fetch));
  }
}
