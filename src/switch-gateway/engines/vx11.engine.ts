import { Inject, Injectable } from '@nestjs/common';
import { requestContext } from '../../common/logging/request-context';
import { CONFIG, type Config } from '../../config/config';
import type { UpstreamClient, UpstreamReply, UpstreamRequest } from '../../upstream/upstream-client';
import { UpstreamError } from '../../upstream/upstream.errors';
import { UpstreamService } from '../../upstream/upstream.service';
import { SwitchGateway } from '../switch-gateway.service';
import type {
  EngineHealth,
  OnText,
  Prompt,
  SwitchFeedback,
  SwitchModels,
  SwitchQueueStatus,
  SwitchReply,
  SwitchTask,
  SwitchTaskReply,
} from '../switch-gateway.types';
import { asSwitchError } from './upstream-failure';
import { pack, toSwitch } from './vx11-messages';
import { accepted, parseChat, parseHealth, parseModels, parseQueue, parseTask, refusal } from './vx11-replies';

/** Calls that no turn depends on: quick or not at all, and no reason to leave a Switch alone that is busy with one. */
const HEALTH = { timeoutMs: 1_000, isAside: true };
const ASIDE = { timeoutMs: 5_000, isAside: true };

/** A VX11 Switch, of either revision. */
@Injectable()
export class Vx11Engine extends SwitchGateway {
  readonly name = 'vx11';
  readonly takesTools = false;
  readonly takesFeedback = true;
  private readonly client: UpstreamClient;
  private readonly isPacked: boolean;

  constructor(upstreams: UpstreamService, @Inject(CONFIG) config: Config) {
    super();
    this.client = upstreams.get('switch');
    this.isPacked = config.switch.messages === 'packed';
  }

  /** Switch answers in one piece. */
  async chat(prompt: Prompt, signal?: AbortSignal, onText?: OnText): Promise<SwitchReply> {
    const { metadata, providerHint, sessionId, userId, turnId, messageId } = prompt;
    const messages = toSwitch(prompt);
    const body = {
      messages: this.isPacked ? pack(messages) : messages,
      // Switch drops every other field: who is speaking travels here.
      metadata: {
        ...metadata,
        task_type: typeof metadata?.['task_type'] === 'string' ? metadata['task_type'] : 'chat',
        source: 'operator',
        session_id: sessionId,
        user_id: userId,
        turn_id: turnId,
        message_id: messageId,
        request_id: requestContext.id(),
      },
      ...(providerHint && { provider_hint: providerHint }),
    };
    const reply = parseChat(await this.call({ method: 'POST', path: '/switch/chat', body, signal }));
    onText?.(reply.text);
    return reply;
  }

  async task({ taskType, payload, providerHint }: SwitchTask, signal?: AbortSignal): Promise<SwitchTaskReply> {
    const body = {
      task_type: taskType,
      payload,
      source: 'operator',
      ...(providerHint && { provider_hint: providerHint }),
    };
    return parseTask(await this.call({ method: 'POST', path: '/switch/task', body, signal }));
  }

  async submitFeedback(feedback: SwitchFeedback, signal?: AbortSignal): Promise<boolean> {
    const { engine, success, latencyMs, tokens, error } = feedback;
    const body = { engine, success, latency_ms: latencyMs, tokens, error };
    const reply = await this.call({ method: 'POST', path: '/switch/hermes/record_result', body, ...ASIDE, signal });
    if (reply.status === 404) return false;
    accepted(reply);
    return true;
  }

  async queueStatus(signal?: AbortSignal): Promise<SwitchQueueStatus> {
    return parseQueue(await this.call({ method: 'GET', path: '/switch/queue/status', ...ASIDE, signal }));
  }

  async models(signal?: AbortSignal): Promise<SwitchModels> {
    return parseModels(await this.call({ method: 'GET', path: '/switch/models/available', ...ASIDE, signal }));
  }

  setDefaultModel(name: string, signal?: AbortSignal): Promise<void> {
    return this.administer('set_default_model', name, signal);
  }

  preloadModel(name: string, signal?: AbortSignal): Promise<void> {
    return this.administer('preload_model', name, signal);
  }

  async health(signal?: AbortSignal): Promise<EngineHealth> {
    try {
      return parseHealth(await this.call({ method: 'GET', path: '/health', ...HEALTH, signal }));
    } catch (error) {
      return { isHealthy: false, detail: (error as Error).message };
    }
  }

  private async administer(operation: string, model: string, signal?: AbortSignal): Promise<void> {
    const path = `/switch/admin/${operation}`;
    const reply = await this.call({ method: 'POST', path, body: { model_name: model }, signal });
    if (reply.status === 404) throw refusal(reply, operation, model);
    accepted(reply);
  }

  private async call(request: UpstreamRequest): Promise<UpstreamReply> {
    try {
      return await this.client.request(request);
    } catch (error) {
      throw error instanceof UpstreamError ? asSwitchError(error) : error;
    }
  }
}
