import { z } from 'zod';
import { ENGINE_NAMES } from './engines';
import {
  databaseUrl,
  flag,
  hostPatterns,
  httpUrl,
  integer,
  oneOf,
  origins,
  ports,
  someOf,
  text,
  tokens,
} from './variables';

const address = (service: string) => httpUrl().optional().describe(`Base URL of ${service}.`);
const token = (service: string) => text().optional().describe(`Token for ${service}. Default: the common one.`);

/**
 * Every environment variable the service reads: its type, its default and its line in the README's table.
 * An empty value counts as unset; a variable that is not listed here is ignored.
 */
export const envSchema = z.object({
  HOST: text().default('127.0.0.1').describe('Address to listen on.'),
  OPERATOR_PORT: integer(0, 65_535).default(8011).describe('Port to listen on; 0 takes a free one.'),
  NODE_ENV: text().optional().describe('`production` refuses to start without a configured token.'),
  DATA_DIR: text().default('./data').describe('Folder of the database, the generated token and all else that is kept.'),

  DATABASE_URL: databaseUrl().optional().describe('Where sessions are kept. Default: `sqlite:<DATA_DIR>/operator.db`.'),
  DATABASE_SYNCHRONOUS: oneOf('full', 'normal')
    .default('full')
    .describe('SQLite only: `full` keeps an acknowledged message through a power cut, `normal` through a crash.'),
  DATABASE_BUSY_TIMEOUT_MS: integer(0, 60_000)
    .default(5_000)
    .describe('How long a request waits for a locked database before it is answered 503.'),
  DATABASE_POOL: integer(2, 200).default(10).describe('PostgreSQL only: connections.'),
  DISK_MIN_FREE_MB: integer(0, 1_000_000)
    .default(100)
    .describe('Below this much free space in `DATA_DIR` the service reports itself as not ready.'),

  VX11_OPERATOR_TOKEN: tokens().optional().describe('Tokens that clients may present.'),
  VX11_TENTACULO_LINK_TOKEN: tokens()
    .optional()
    .describe('The same; its first token is also what Operator presents to upstreams.'),
  VX11_GATEWAY_TOKEN: tokens().optional().describe('The same, presented when the one above is unset.'),
  API_TOKEN: tokens().optional().describe('The same, presented when the two above are unset.'),
  ENABLE_AUTH: flag().default(true).describe('`false` opens every route; accepted on a loopback address only.'),
  ALLOWED_ORIGINS: origins()
    .default(['http://localhost:8011', 'http://localhost:8020', 'http://127.0.0.1:8011', 'http://127.0.0.1:8020'])
    .describe('Origins whose pages may call the API.'),

  ENGINE: someOf(...ENGINE_NAMES)
    .optional()
    .describe(
      'Who answers: Switch, a model server, or the embedded engine. Of several, the next answers when one cannot. ' +
        'Default: `vx11` when `SWITCH_URL` is set, else `openai` when `OPENAI_BASE_URL` and `OPENAI_MODEL` are, else `embedded`.',
    ),
  SWITCH_URL: httpUrl().optional().describe('Base URL of the LLM router.'),
  SWITCH_TOKEN: text().optional().describe('Token for Switch. Default: the common one, see the tokens above.'),
  SWITCH_TIMEOUT_MS: integer(10, 600_000).default(30_000).describe('Longest a call to Switch may take in all.'),
  SWITCH_CONNECT_TIMEOUT_MS: integer(10, 60_000).default(2_000).describe('Longest the connection to Switch may take.'),
  SWITCH_MESSAGES: oneOf('list', 'packed')
    .default('list')
    .describe('`packed` sends the history as one user message, for Switch revisions that read only the first.'),
  SWITCH_FEEDBACK: flag().default(true).describe('Tell Switch how each turn went.'),
  OUTBOX_MAX: integer(1, 1_000_000)
    .default(10_000)
    .describe('Feedback kept for a Switch that is down; beyond that the oldest is dropped.'),

  OPENAI_BASE_URL: httpUrl()
    .optional()
    .describe('Base URL of a model server that speaks as OpenAI’s API does, `/v1` included.'),
  OPENAI_API_KEY: text().optional().describe('Key for it. Default: none, as servers of one’s own want none.'),
  OPENAI_MODEL: text().meta({ expects: 'the name of a model' }).optional().describe('The model that answers there.'),
  OPENAI_CONNECT_TIMEOUT_MS: integer(10, 60_000).default(2_000).describe('Longest the connection to it may take.'),
  OPENAI_FIRST_TOKEN_TIMEOUT_MS: integer(10, 600_000)
    .default(60_000)
    .describe('Longest it may take to begin its answer, further attempts included.'),
  OPENAI_IDLE_TIMEOUT_MS: integer(10, 600_000).default(30_000).describe('Longest it may pause in its answer.'),
  OPENAI_TIMEOUT_MS: integer(10, 3_600_000).default(300_000).describe('Longest its answer may take in all.'),

  TENTACULO_LINK_URL: address('Tentáculo Link, which knows how all modules are'),
  TENTACULO_LINK_TOKEN: token('Tentáculo Link'),
  HERMES_URL: address('Hermes, which knows tools and models'),
  HERMES_TOKEN: token('Hermes'),
  SHUB_URL: address('Shub, which knows projects'),
  SHUB_TOKEN: text().optional().describe('Token for Shub. Default: `VX11_GATEWAY_TOKEN`, else the common one.'),
  MADRE_URL: address('Madre'),
  MADRE_TOKEN: token('Madre'),
  HORMIGUERO_URL: address('Hormiguero'),
  HORMIGUERO_TOKEN: token('Hormiguero'),
  MANIFESTATOR_URL: address('Manifestator'),
  MANIFESTATOR_TOKEN: token('Manifestator'),
  MCP_URL: address('MCP'),
  MCP_TOKEN: token('MCP'),
  SPAWNER_URL: address('Spawner'),
  SPAWNER_TOKEN: token('Spawner'),
  OVERVIEW_TIMEOUT_MS: integer(50, 60_000)
    .default(2_000)
    .describe('Longest that overview, dashboard and resources may take, whoever hangs.'),
  OVERVIEW_TTL_MS: integer(0, 3_600_000)
    .default(5_000)
    .describe(
      'How long their answers are fresh. After that, for a minute, the last one is served while a new one is fetched. 0 keeps none.',
    ),
  BREAKER_FAILURES: integer(1, 1_000)
    .default(5)
    .describe('Failures in a row after which an upstream is left alone until it answers its health check.'),
  BREAKER_RETRY_MS: integer(10, 60_000)
    .default(1_000)
    .describe('When it is first asked for its health; doubles with each failure, up to 30 s.'),

  TURN_RECOVERY: oneOf('fail', 'retry')
    .default('fail')
    .describe('What a start does with turns that a crash interrupted: mark them failed, or run them again.'),
  TURN_LEASE_MS: integer(500, 600_000)
    .default(15_000)
    .describe('How long a running turn is left alone when the process that ran it stops renewing its lease.'),
  TURN_QUEUE: integer(1, 100_000).default(1_000).describe('Turns accepted at once, running and waiting; more get 429.'),
  TURN_QUEUE_PER_SESSION: integer(1, 10_000).default(100).describe('The same, within one session.'),
  DRAIN_TIMEOUT_MS: integer(0, 600_000).default(25_000).describe('How long running turns may take to end on SIGTERM.'),
  HISTORY_MAX_MESSAGES: integer(0, 1_000).default(40).describe('Earlier messages sent along with a new one.'),
  HISTORY_MAX_BYTES: integer(0, 4_194_304).default(65_536).describe('Budget of their text, in bytes of UTF-8.'),

  MESSAGE_MAX_BYTES: integer(1, 1_048_576).default(32_768).describe('Longest message and context summary.'),
  METADATA_MAX_BYTES: integer(2, 1_048_576).default(16_384).describe('Largest metadata, as JSON.'),
  BODY_MAX_BYTES: integer(1_024, 16_777_216).default(262_144).describe('Largest request body.'),
  LIST_PAGE_MAX: integer(1, 1_000).default(200).describe('Longest page of a list.'),
  HISTORY_PAGE_MAX: integer(1, 10_000).default(1_000).describe('Longest page of a session’s history.'),

  STREAMS_MAX: integer(1, 100_000).default(5_000).describe('Streams of events open at once; more get 429.'),

  TOOL_MAX_STEPS: integer(1, 64)
    .default(8)
    .describe('Rounds of tool calls in one turn; after the last the engine has to answer without.'),
  TOOL_APPROVAL: oneOf('write', 'all', 'none')
    .default('write')
    .describe(
      'Which tool calls of an engine wait for a person’s consent: those that may change something, all, or none.',
    ),
  TOOL_APPROVAL_TIMEOUT_S: integer(1, 604_800)
    .default(3_600)
    .describe('How long they wait; after that their turn fails.'),
  TOOL_RESULT_MAX_BYTES: integer(2, 1_048_576).default(65_536).describe('Largest result of a tool call, as JSON.'),

  BROWSER_IMPL: oneOf('playwright', 'stub')
    .default('playwright')
    .describe('`stub` opens nothing and says so in every answer; for trying out clients.'),
  BROWSER_EXECUTABLE_PATH: text()
    .optional()
    .describe(
      'Chromium to use. Default: one that `npm run browser:install` or the system has put where they are found.',
    ),
  BROWSER_SANDBOX: flag()
    .optional()
    .describe('Chromium’s own sandbox. Default: `true`, unless the service runs as root, under whom there is none.'),
  BROWSER_CONCURRENCY: integer(1, 64)
    .optional()
    .describe('Browser tasks at once. Default: as many as cores and memory allow, 1 to 8.'),
  BROWSER_QUEUE: integer(1, 100_000).default(500).describe('Browser tasks that may wait; more get 429.'),
  BROWSER_TASK_TIMEOUT_MS: integer(100, 120_000)
    .default(30_000)
    .describe('How long a browser task may run that does not say so itself.'),
  BROWSER_TASK_MAX_REQUESTS: integer(1, 100_000).default(1_000).describe('Requests that the pages of a task may make.'),
  BROWSER_TASK_MAX_MB: integer(1, 10_000).default(50).describe('What they may send and receive in all.'),
  BROWSER_TEXT_MAX_BYTES: integer(64, 1_048_576)
    .default(40_960)
    .describe('Text that an answer shows of a page; the whole of it is an artifact.'),
  BROWSER_ALLOW_SCRIPT: flag().default(false).describe('Let tasks run JavaScript of their own with `evaluate`.'),
  BROWSER_RECYCLE_TASKS: integer(1, 100_000)
    .default(200)
    .describe('Tasks after which a browser is replaced by a new one.'),
  BROWSER_MEMORY_MB: integer(128, 1_000_000)
    .default(2_048)
    .describe('Memory of a browser, all its processes, beyond which its largest page is ended.'),
  ARTIFACT_TTL_H: integer(1, 87_600).default(168).describe('Hours that screenshots and other artifacts are kept.'),
  ARTIFACT_QUOTA_MB: integer(1, 10_000_000)
    .default(1_024)
    .describe('Room for artifacts in `DATA_DIR`; beyond it the oldest go first.'),
  BROWSER_ALLOW_HOSTS: hostPatterns()
    .default([])
    .describe('Hosts that the browser may reach although they are not on the public internet; opens nothing else.'),
  BROWSER_DENY_HOSTS: hostPatterns().default([]).describe('Hosts that it may not reach, whatever else is said.'),
  BROWSER_ALLOW_PORTS: ports()
    .default([80, 443])
    .describe('Ports that it may reach; an entry of `BROWSER_ALLOW_HOSTS` may name another for its host.'),

  RATE_LIMIT_POSTS: integer(0, 10_000_000)
    .default(30_000)
    .describe('POST requests a token may make in each window; 0 sets no limit.'),
  RATE_LIMIT_WINDOW_S: integer(1, 3_600).default(60).describe('Length of that window.'),

  METRICS: oneOf('token', 'open', 'off')
    .optional()
    .describe(
      '`GET /metrics` for those with a token, for everybody, or not at all. Default: `open` on a loopback address, ' +
        'else `token`.',
    ),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl()
    .optional()
    .describe('Collector that traces are sent to, by OTLP over HTTP. Default: no traces.'),
  OTEL_SERVICE_NAME: text().default('operator').describe('What the service is called in traces.'),
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: flag()
    .default(false)
    .describe('`true` puts what people say, and what is answered, into traces.'),

  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')
    .default('info')
    .describe('Least severe lines kept.'),
  LOG_DIR: text().optional().describe('Folder for daily log files, `operator_backend-YYYY-MM-DD.log`. Default: none.'),
  LOG_FILE_MAX_MB: integer(1, 10_000).default(100).describe('Size at which a day’s file is continued in another.'),
  LOG_KEEP_FILES: integer(1, 10_000).default(14).describe('Log files kept; the oldest go first.'),
});

export type Env = z.output<typeof envSchema>;

/** Variables whose value never appears in an error line or a log. */
export const SECRETS = /TOKEN|KEY|PASSWORD|DATABASE_URL/;
