import { z } from 'zod';
import { label, storable } from '../../upstream/foreign-text';
import type { UpstreamReply } from '../../upstream/upstream-client';
import {
  ModelNotFoundError,
  type SwitchError,
  SwitchAuthFailedError,
  SwitchBadReplyError,
  SwitchServerError,
  SwitchThrottledError,
  SwitchUnsupportedError,
} from '../switch.errors';
import type {
  EngineHealth,
  SwitchModels,
  SwitchQueueStatus,
  SwitchReply,
  SwitchTaskReply,
} from '../switch-gateway.types';

/** Switch allows ten calls in five seconds a provider. */
const THROTTLE_WINDOW_S = 5;
const NAME_LENGTH = 128;
/** Longest list that is passed on. */
const LIST_MAX = 1_000;
const TAGS_MAX = 50;
const GENUINE = new Set(['ok', 'success', 'partial']);
const HEALTHY = new Set(['ok', 'healthy', 'operational']);
const TEXT_KEYS = ['content', 'reply', 'response', 'message'] as const;

type Body = Record<string, unknown>;

/** `status` first, then the first text there is: revisions put an error's text where an answer's would be. */
export function parseChat(reply: UpstreamReply): SwitchReply {
  const body = accepted(reply);
  const text = TEXT_KEYS.map((key) => body[key]).find(isText);
  if (!text) throw by(body, new SwitchBadReplyError('its text is empty'));
  return {
    text: storable(text),
    engine: engineOf(body),
    servedBy: 'vx11',
    fallbackFrom: [],
    tokens: count(body['tokens_used']),
    isPartial: body['status'] === 'partial',
    toolCalls: [],
  };
}

export function parseTask(reply: UpstreamReply): SwitchTaskReply {
  const body = object(reply);
  const isPending = body['status'] === 'degraded' && body['state'] === 'pending';
  if (!isPending) accepted(reply);
  return {
    status: isPending ? 'pending' : 'ok',
    provider: name(body['provider']),
    result: body['result'] ?? null,
    queueId: count(body['queue_id']),
  };
}

const queueSchema = z.object({
  size: z.number().int().min(0),
  items: z
    .array(
      z.object({
        task_id: z.union([z.string(), z.number()]).nullish(),
        priority: z.number().nullish(),
        enqueued_at: z.union([z.string(), z.number()]).nullish(),
      }),
    )
    .default([]),
});

export function parseQueue(reply: UpstreamReply): SwitchQueueStatus {
  const parsed = queueSchema.safeParse(object(reply));
  if (!parsed.success) throw new SwitchBadReplyError('it is not a queue status');
  return {
    size: parsed.data.size,
    items: parsed.data.items.slice(0, LIST_MAX).map(({ task_id, priority, enqueued_at }) => ({
      taskId: task_id == null ? null : label(String(task_id), NAME_LENGTH),
      priority: priority ?? null,
      enqueuedAt: enqueued_at == null ? null : label(String(enqueued_at), NAME_LENGTH),
    })),
  };
}

const modelSchema = z.object({
  name: z.string(),
  category: z.string().nullish().catch(null),
  size_mb: z.number().min(0).nullish().catch(null),
  status: z.string().nullish().catch(null),
  warm: z.boolean().nullish().catch(null),
  tags: z.array(z.string()).catch([]),
});
const modelsSchema = z.object({
  models: z.array(modelSchema),
  active: z.string().nullish().catch(null),
  warm: z.string().nullish().catch(null),
});

export function parseModels(reply: UpstreamReply): SwitchModels {
  const parsed = modelsSchema.safeParse(object(reply));
  if (!parsed.success) throw new SwitchBadReplyError('it is not a list of models');
  const { models, active, warm } = parsed.data;
  return {
    models: models.slice(0, LIST_MAX).map((model) => ({
      name: label(model.name, NAME_LENGTH),
      category: name(model.category),
      sizeMb: model.size_mb ?? null,
      status: name(model.status),
      isWarm: model.warm ?? null,
      tags: model.tags.slice(0, TAGS_MAX).map((tag) => label(tag, NAME_LENGTH)),
    })),
    active: name(active),
    warm: name(warm),
  };
}

/** What a 404 to an administrative call means: no such model, or no such call. */
export function refusal(reply: UpstreamReply, operation: string, model: string): SwitchError {
  return /model_not_found/.test(reply.body) ? new ModelNotFoundError(model) : new SwitchUnsupportedError(operation);
}

/** Whether a module says of itself that it is well; each revision has its own word for it. */
export function parseHealth(reply: UpstreamReply): EngineHealth {
  const { status } = object(reply);
  const isHealthy = HEALTHY.has(status as string);
  return { isHealthy, detail: isHealthy ? 'Switch answers.' : 'Switch answers, but not that it is well.' };
}

/** The body of an answer that says it is one, by HTTP status and by its own. */
export function accepted(reply: UpstreamReply): Body {
  const body = object(reply);
  const { status } = body;
  if (status === 'throttled') throw by(body, new SwitchThrottledError(reply.retryAfterSeconds ?? THROTTLE_WINDOW_S));
  if (status === undefined ? isText(body['error']) : !GENUINE.has(status as string)) {
    throw by(body, new SwitchBadReplyError(status === undefined ? 'it reports an error' : 'its status is not ok'));
  }
  return body;
}

function object(reply: UpstreamReply): Body {
  const failure = httpFailure(reply);
  if (failure) throw failure;
  let body: unknown;
  try {
    body = JSON.parse(reply.body);
  } catch {
    // The parser's error quotes what it read, which is nothing for a log.
    throw new SwitchBadReplyError('it is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new SwitchBadReplyError('it is not a JSON object');
  }
  return body as Body;
}

function httpFailure({ status, retryAfterSeconds }: UpstreamReply): SwitchError | null {
  if (status >= 200 && status < 300) return null;
  if (status === 401 || status === 403) return new SwitchAuthFailedError();
  if (status === 429) return new SwitchThrottledError(retryAfterSeconds ?? THROTTLE_WINDOW_S);
  if (status >= 300 && status < 400) return new SwitchBadReplyError('it is a redirect');
  return new SwitchServerError(status);
}

const engineOf = (body: Body): string | null => name(body['engine_used']) ?? name(body['provider']);

/** The error, with the engine that the body says it was. */
function by(body: Body, error: SwitchError): SwitchError {
  error.engine = engineOf(body);
  return error;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
const name = (value: unknown): string | null => (isText(value) ? label(value, NAME_LENGTH) : null);
const count = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 2_147_483_647 ? value : null;
