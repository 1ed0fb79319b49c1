import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { EngineName } from './engines';
import { type Env, SECRETS, envSchema } from './env';
import { UPSTREAM_NAMES, type UpstreamName } from './upstreams';
import { expectation } from './variables';

export const CONFIG = Symbol('CONFIG');
export type Config = Readonly<ReturnType<typeof regroup>>;

/** The configuration cannot be used. The message has one line a variable and is meant for a terminal. */
export class InvalidConfigError extends Error {}

/** The process environment over `.env`, over nothing. */
export function environment(): NodeJS.ProcessEnv {
  return { ...dotEnv(), ...process.env };
}

/** Parses, regroups and freezes the environment. Throws before anything listens, naming every bad variable. */
export function loadConfig(source: NodeJS.ProcessEnv): Config {
  const config = regroup(parse(source));
  refuse(config);
  return deepFreeze(config);
}

function regroup(env: Env) {
  const dataDir = resolve(env.DATA_DIR);
  const inbound = [env.VX11_OPERATOR_TOKEN, env.VX11_TENTACULO_LINK_TOKEN, env.VX11_GATEWAY_TOKEN, env.API_TOKEN];
  const isProduction = env.NODE_ENV === 'production';

  return {
    http: {
      host: env.HOST,
      port: env.OPERATOR_PORT,
      allowedOrigins: env.ALLOWED_ORIGINS,
      bodyMaxBytes: env.BODY_MAX_BYTES,
    },
    auth: { enabled: env.ENABLE_AUTH, tokens: inbound.flatMap((list) => list ?? []), isProduction },
    data: { dir: dataDir, minFreeMb: env.DISK_MIN_FREE_MB },
    database: {
      url: env.DATABASE_URL ?? `sqlite:${join(dataDir, 'operator.db')}`,
      synchronous: env.DATABASE_SYNCHRONOUS,
      busyTimeoutMs: env.DATABASE_BUSY_TIMEOUT_MS,
      pool: env.DATABASE_POOL,
    },
    engines: env.ENGINE ?? [likelyEngine(env)],
    switch: {
      timeoutMs: env.SWITCH_TIMEOUT_MS,
      connectTimeoutMs: env.SWITCH_CONNECT_TIMEOUT_MS,
      messages: env.SWITCH_MESSAGES,
      feedback: env.SWITCH_FEEDBACK,
    },
    openai: {
      baseUrl: env.OPENAI_BASE_URL ?? null,
      apiKey: env.OPENAI_API_KEY ?? null,
      model: env.OPENAI_MODEL ?? null,
      connectTimeoutMs: env.OPENAI_CONNECT_TIMEOUT_MS,
      firstTokenTimeoutMs: env.OPENAI_FIRST_TOKEN_TIMEOUT_MS,
      idleTimeoutMs: env.OPENAI_IDLE_TIMEOUT_MS,
      timeoutMs: env.OPENAI_TIMEOUT_MS,
    },
    tools: {
      maxSteps: env.TOOL_MAX_STEPS,
      approval: env.TOOL_APPROVAL,
      approvalTimeoutMs: env.TOOL_APPROVAL_TIMEOUT_S * 1_000,
    },
    upstreams: upstreams(env),
    breaker: { failures: env.BREAKER_FAILURES, retryMs: env.BREAKER_RETRY_MS },
    overview: { timeoutMs: env.OVERVIEW_TIMEOUT_MS, ttlMs: env.OVERVIEW_TTL_MS },
    outbox: { max: env.OUTBOX_MAX },
    turn: {
      recovery: env.TURN_RECOVERY,
      leaseMs: env.TURN_LEASE_MS,
      queue: env.TURN_QUEUE,
      queuePerSession: env.TURN_QUEUE_PER_SESSION,
      drainTimeoutMs: env.DRAIN_TIMEOUT_MS,
      historyMaxMessages: env.HISTORY_MAX_MESSAGES,
      historyMaxBytes: env.HISTORY_MAX_BYTES,
    },
    streams: { max: env.STREAMS_MAX },
    limits: {
      messageBytes: env.MESSAGE_MAX_BYTES,
      metadataBytes: env.METADATA_MAX_BYTES,
      toolResultBytes: env.TOOL_RESULT_MAX_BYTES,
      listPage: env.LIST_PAGE_MAX,
      historyPage: env.HISTORY_PAGE_MAX,
    },
    browser: {
      engine: env.BROWSER_IMPL,
      executablePath: env.BROWSER_EXECUTABLE_PATH ?? null,
      sandbox: env.BROWSER_SANDBOX ?? process.getuid?.() !== 0,
      concurrency: env.BROWSER_CONCURRENCY ?? affordableBrowserTasks(),
      queue: env.BROWSER_QUEUE,
      taskTimeoutMs: env.BROWSER_TASK_TIMEOUT_MS,
      taskMaxRequests: env.BROWSER_TASK_MAX_REQUESTS,
      taskMaxBytes: env.BROWSER_TASK_MAX_MB * 1024 * 1024,
      textMaxBytes: env.BROWSER_TEXT_MAX_BYTES,
      allowScript: env.BROWSER_ALLOW_SCRIPT,
      recycleTasks: env.BROWSER_RECYCLE_TASKS,
      memoryMaxBytes: env.BROWSER_MEMORY_MB * 1024 * 1024,
      allowHosts: env.BROWSER_ALLOW_HOSTS,
      denyHosts: env.BROWSER_DENY_HOSTS,
      allowPorts: env.BROWSER_ALLOW_PORTS,
    },
    artifacts: {
      dir: join(dataDir, 'artifacts'),
      ttlMs: env.ARTIFACT_TTL_H * 60 * 60 * 1_000,
      quotaBytes: env.ARTIFACT_QUOTA_MB * 1024 * 1024,
    },
    rateLimit: { posts: env.RATE_LIMIT_POSTS, windowS: env.RATE_LIMIT_WINDOW_S },
    metrics: env.METRICS ?? (isLoopback(env.HOST) ? ('open' as const) : ('token' as const)),
    traces: {
      endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
      serviceName: env.OTEL_SERVICE_NAME,
      withContent: env.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT,
    },
    log: {
      level: env.LOG_LEVEL,
      dir: env.LOG_DIR ? resolve(env.LOG_DIR) : null,
      fileMaxBytes: env.LOG_FILE_MAX_MB * 1024 * 1024,
      keepFiles: env.LOG_KEEP_FILES,
    },
  };
}

/** The one that there is an address for. */
function likelyEngine(env: Env): EngineName {
  if (env.SWITCH_URL) return 'vx11';
  return env.OPENAI_BASE_URL && env.OPENAI_MODEL ? 'openai' : 'embedded';
}

/** Where each upstream is, and the token it wants: its own, else the one that the stack shares. */
function upstreams(env: Env): Record<UpstreamName, { url: string | null; token: string | null }> {
  const { VX11_TENTACULO_LINK_TOKEN: link, VX11_GATEWAY_TOKEN: gateway, API_TOKEN: api } = env;
  const common = link?.[0] ?? gateway?.[0] ?? api?.[0] ?? null;
  const entries = UPSTREAM_NAMES.map((name) => {
    const prefix = name.toUpperCase() as Uppercase<UpstreamName>;
    // Shub alone looks for the gateway's token first.
    const shared = name === 'shub' ? (gateway?.[0] ?? common) : common;
    return [name, { url: env[`${prefix}_URL`] ?? null, token: env[`${prefix}_TOKEN`] ?? shared }] as const;
  });
  return Object.fromEntries(entries) as Record<UpstreamName, { url: string | null; token: string | null }>;
}

/** One for each core, if there is half a GiB for each; a container's own limit counts, if it has one. */
function affordableBrowserTasks(): number {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  return Math.max(1, Math.min(availableParallelism(), Math.floor(memory / 2 ** 29), 8));
}

function parse(source: NodeJS.ProcessEnv): Env {
  const given = Object.fromEntries(
    Object.entries(source).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
  );
  const parsed = envSchema.safeParse(given);
  if (parsed.success) return parsed.data;

  const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))] as (keyof Env)[];
  const lines = names.map((name) => {
    const isShown = !SECRETS.test(name) && !given[name]?.includes('@');
    const got = isShown ? JSON.stringify(given[name]) : 'a value that is not shown';
    return `${name}: got ${got}, expected ${expectation(envSchema.shape[name])}`;
  });
  throw new InvalidConfigError(lines.join('\n'));
}

/** Combinations that are valid variable by variable, and yet must not run. */
function refuse({ auth, engines, http, openai, upstreams: { switch: router } }: Config): void {
  if (!auth.enabled && !isLoopback(http.host)) {
    throw new InvalidConfigError(
      `ENABLE_AUTH: got "false" with HOST="${http.host}", expected true unless HOST is a loopback address`,
    );
  }
  if (auth.enabled && auth.isProduction && auth.tokens.length === 0) {
    throw new InvalidConfigError(
      'VX11_OPERATOR_TOKEN: got nothing with NODE_ENV="production", expected at least one token in it or in ' +
        'VX11_TENTACULO_LINK_TOKEN, VX11_GATEWAY_TOKEN or API_TOKEN',
    );
  }
  const needed = [
    { engine: 'vx11', variable: 'SWITCH_URL', value: router.url },
    { engine: 'openai', variable: 'OPENAI_BASE_URL', value: openai.baseUrl },
    { engine: 'openai', variable: 'OPENAI_MODEL', value: openai.model },
  ] as const;
  const lines = needed
    .filter(({ engine, value }) => engines.includes(engine) && value === null)
    .map(({ variable }) => {
      const expected = expectation(envSchema.shape[variable]);
      return `${variable}: got nothing with ENGINE="${engines.join(',')}", expected ${expected}`;
    });
  if (lines.length > 0) throw new InvalidConfigError(lines.join('\n'));
}

/** Whether a host, as in a setting or a `Host` header, is this machine to itself. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));

function dotEnv(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new InvalidConfigError(`.env: cannot be read (${(error as Error).message})`);
  }
}

function deepFreeze<T extends object>(value: T): Readonly<T> {
  for (const child of Object.values(value)) if (child && typeof child === 'object') deepFreeze(child);
  return Object.freeze(value);
}
