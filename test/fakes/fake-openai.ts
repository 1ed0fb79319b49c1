import type { ServerResponse } from 'node:http';
import { type Answer, FakeUpstream, type UpstreamCall, json, raw } from './fake-upstream';

export interface FakeToolCall {
  id?: string;
  name: string;
  /** An object is sent as JSON, a text as it is. */
  arguments: object | string;
}

export interface OpenAiCall extends UpstreamCall {
  /** When its connection was closed before the answer had ended. */
  closedAt: number | null;
}

const MODEL = 'llama-3.1-8b';
const DONE = 'data: [DONE]\n\n';
const USAGE = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 };

type Delta = Record<string, unknown>;

const frame = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const chunk = (choices: unknown[], more: object = {}): string =>
  frame({
    id: 'chatcmpl-7QyqpwdfhqwajicIEznoc6Q47XAyW',
    object: 'chat.completion.chunk',
    created: 1_677_664_795,
    model: MODEL,
    system_fingerprint: 'fp_44709d6fcb',
    choices,
    ...more,
  });
const delta = (piece: Delta, finish: string | null = null): string =>
  chunk([{ index: 0, delta: piece, logprobs: null, finish_reason: finish }]);
const BEGIN = delta({ role: 'assistant', content: '', refusal: null });
const finish = (reason: string): string => delta({}, reason);
const usage = (tokens: number = USAGE.total_tokens): string => chunk([], { usage: { ...USAGE, total_tokens: tokens } });
const content = (text: string): string => delta({ content: text });
const words = (text: string): string[] => text.match(/\s*\S+\s*$|\s*\S+/g) ?? (text ? [text] : []);

function head(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
  response.flushHeaders();
}

/** These frames, all at once. */
const frames =
  (...list: string[]): Answer =>
  (_call, response) => {
    head(response);
    for (const one of list) response.write(one);
    response.end();
  };

/** A frame every so often until there is none, or the connection is closed. */
const slowly =
  (everyMs: number, next: (n: number) => string | null): Answer =>
  (_call, response) => {
    head(response);
    response.write(BEGIN);
    let n = 0;
    const timer = setInterval(() => {
      const one = next(n++);
      if (one !== null) return void response.write(one);
      clearInterval(timer);
      response.end();
    }, everyMs);
    response.once('close', () => clearInterval(timer));
  };

/** As OpenAI sends them: the id and the name first, then the arguments in pieces, each call with its index. */
const callDeltas = (calls: FakeToolCall[]): string[] =>
  calls.flatMap(({ id, name, arguments: given }, index) => {
    const text = typeof given === 'string' ? given : JSON.stringify(given);
    const first = { index, ...(id !== undefined && { id }), type: 'function', function: { name, arguments: '' } };
    const pieces = text.match(/[\s\S]{1,7}/g) ?? [];
    return [
      delta({ tool_calls: [first] }),
      ...pieces.map((piece) => delta({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ];
  });

const says = (text: string, { tokens, reason = 'stop' }: { tokens?: number; reason?: string } = {}): Answer =>
  frames(BEGIN, ...words(text).map(content), finish(reason), usage(tokens), DONE);

const calls = (list: FakeToolCall[], text = ''): Answer =>
  frames(BEGIN, ...words(text).map(content), ...callDeltas(list), finish('tool_calls'), usage(), DONE);

/** One answer after the other; the last for all that follow. */
const inTurn = (...list: Answer[]): Answer => {
  let n = 0;
  return (call, response) => list[Math.min(n++, list.length - 1)]!(call, response);
};

const refused = (status: number, message: string, type: string, headers: Record<string, string> = {}): Answer =>
  raw(status, 'application/json', JSON.stringify({ error: { message, type, param: null, code: null } }), headers);

/** What OpenAI-compatible servers answer, chunk by chunk as they send it, and the ways in which they can be sick. */
export const completions = {
  json,
  raw,
  frames,
  inTurn,
  says,
  calls,
  /** Says the last message back, so that answers can be told apart. */
  echo: ((call, response) => says(`echo: ${call.body.messages.at(-1).content}`)(call, response)) as Answer,
  /** These pieces, one every so often. */
  paced: (pieces: string[], everyMs: number): Answer =>
    slowly(everyMs, (n) => [...pieces.map(content), finish('stop') + usage() + DONE][n] ?? null),
  cutShort: says('half an answer', { reason: 'length' }),
  filtered: says('half an', { reason: 'content_filter' }),
  /** Thinks aloud first, as vLLM and others show it. */
  thinking: frames(
    BEGIN,
    delta({ content: null, reasoning_content: 'Let me think.' }),
    content('Done.'),
    finish('stop'),
    DONE,
  ),

  throttled: (retryAfter?: string): Answer =>
    refused(429, 'Rate limit reached', 'requests', retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
  throttledForMs: (ms: number): Answer =>
    refused(429, 'Rate limit reached', 'requests', { 'retry-after-ms': String(ms) }),
  unauthorized: refused(401, 'Incorrect API key provided: sk-secret-0123456789.', 'invalid_request_error'),
  forbidden: refused(403, 'Project does not have access to model.', 'invalid_request_error'),
  badRequest: refused(400, 'This model’s maximum context length is 4096 tokens.\nReduce it.', 'invalid_request_error'),
  modelNotFound: refused(404, 'model "llama-3.1-8b" not found, try pulling it first', 'api_error'),
  serverError: refused(500, 'The server had an error while processing your request.', 'server_error'),
  unavailable: refused(503, 'The engine is currently overloaded.', 'server_error'),
  redirect: raw(307, 'text/plain', '', { location: 'http://127.0.0.1:1/elsewhere' }),
  html: raw(200, 'text/html', '<html><body>Welcome to nginx!</body></html>'),

  /** As vLLM tells of an engine that died. */
  errorObjectMidStream: frames(
    BEGIN,
    content('half an'),
    frame({ error: { message: 'EngineCore encountered an issue.', type: 'InternalServerError', code: 500 } }),
    DONE,
  ),
  errorObjectFirst: frames(frame({ error: { message: 'out of memory', type: 'server_error' } }), DONE),
  /** Ends in order, but with neither a reason nor `[DONE]`. */
  noDone: frames(BEGIN, content('half '), content('an')),
  /** Says why it ends, and leaves `[DONE]` out. */
  finishOnly: frames(BEGIN, content('All'), content(' of it.'), finish('stop')),
  /** The other way round. */
  doneOnly: frames(BEGIN, content('All'), content(' of it.'), DONE),
  /** Has said everything, and does not let go. */
  lingering: ((_call, response) => {
    head(response);
    response.write(BEGIN + content('All of it.') + finish('stop'));
  }) as Answer,
  /** Resets the connection after some words. */
  breakOff: ((_call, response) => {
    head(response);
    response.write(BEGIN + content('half ') + content('an'));
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  }) as Answer,
  /** Resets it after the headers. */
  breakOffAtOnce: ((_call, response) => {
    head(response);
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  }) as Answer,
  /** Closes the connection without a byte. */
  reset: ((_call, response) => void response.socket?.resetAndDestroy()) as Answer,
  emptyStream: frames(),
  emptyText: frames(BEGIN, finish('stop'), usage(), DONE),
  /** A word now and then, for ever. */
  endless: slowly(20, (n) => content(`word${n} `)),
  /** Headers never come. */
  hang: (() => undefined) as Answer,
  silentAfterHeaders: ((_call, response) => head(response)) as Answer,
  /** Some words, then none. */
  stalls: ((_call, response) => {
    head(response);
    response.write(BEGIN + content('half ') + content('an'));
  }) as Answer,
  notJson: frames(BEGIN, 'data: {"choices":[{"delta"\n\n', DONE),
  notAChunk: frames('data: {"choices":"none"}\n\n', DONE),

  invalidJsonArguments: calls([{ id: 'call_1', name: 'browse', arguments: '{"url": "https://exam' }]),
  sameIdTwice: calls([
    { id: 'call_1', name: 'browse', arguments: { url: 'https://a.example/' } },
    { id: 'call_1', name: 'browse', arguments: { url: 'https://b.example/' } },
  ]),
  noIds: calls([
    { name: 'browse', arguments: { url: 'https://a.example/' } },
    { name: 'browse', arguments: { url: 'https://b.example/' } },
  ]),
  /** Whole calls, all with the index 0, as some servers send them. */
  sameIndex: frames(
    BEGIN,
    ...['a', 'b'].map((id) =>
      delta({ tool_calls: [{ index: 0, id, type: 'function', function: { name: id, arguments: '{}' } }] }),
    ),
    finish('tool_calls'),
    DONE,
  ),
  hundredCalls: calls(
    Array.from({ length: 100 }, (_, n) => ({ id: `call_${n}`, name: 'browse', arguments: { url: `https://a/${n}` } })),
  ),
  tooManyCalls: calls(Array.from({ length: 200 }, (_, n) => ({ id: `call_${n}`, name: 'browse', arguments: '{}' }))),
  hugeArguments: calls([{ id: 'call_1', name: 'browse', arguments: { url: 'x'.repeat(300 * 1024) } }]),
  /** An emoji in two pieces, half of another, and a NUL. */
  splitSurrogate: frames(
    BEGIN,
    content('a\ud83d'),
    content('\ude42b\0'),
    content('\ud83d'),
    content('c\ud83d'),
    finish('stop'),
    DONE,
  ),
  hugeText: slowly(1, () => content('x'.repeat(64 * 1024))),
  /** One event without an end. */
  hugeEvent: ((_call, response) => {
    head(response);
    response.write('data: {"choices":[{"index":0,"delta":{"content":"');
    const timer = setInterval(() => response.write('x'.repeat(256 * 1024)), 1);
    response.once('close', () => clearInterval(timer));
  }) as Answer,
};

/** A server with OpenAI's API that answers as told, and remembers what it was asked and who hung up. */
export class FakeOpenAi extends FakeUpstream {
  override readonly calls: OpenAiCall[] = [];
  /** Answers `POST /v1/chat/completions`. */
  completions: Answer = completions.echo;
  /** Answers any other path. */
  override readonly routes: Record<string, Answer> = {
    'GET /v1/models': json(200, {
      object: 'list',
      data: [
        { id: MODEL, object: 'model', created: 1_686_935_002, owned_by: 'library' },
        { id: 'qwen2.5-coder', object: 'model', created: 1_686_935_002, owned_by: 'library' },
      ],
    }),
  };

  static override async start(): Promise<FakeOpenAi> {
    const fake = new FakeOpenAi();
    await fake.listen();
    return fake;
  }

  /** For `OPENAI_BASE_URL`. */
  get baseUrl(): string {
    return `${this.url}/v1`;
  }

  get chats(): OpenAiCall[] {
    return this.calls.filter(({ path }) => path === '/v1/chat/completions');
  }

  protected override answerTo(call: UpstreamCall): Answer | undefined {
    const answer = call.path === '/v1/chat/completions' ? this.completions : super.answerTo(call);
    return answer && watched(answer);
  }
}

/** Notes on the call when the client hangs up. */
const watched =
  (answer: Answer): Answer =>
  (call, response) => {
    const watchedCall = Object.assign(call as OpenAiCall, { closedAt: null });
    response.once('close', () => {
      if (!response.writableFinished) Object.assign(watchedCall, { closedAt: Date.now() });
    });
    return answer(watchedCall, response);
  };
