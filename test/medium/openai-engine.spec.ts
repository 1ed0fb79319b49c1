import { Logger } from '@nestjs/common';
import { type Config, loadConfig } from '../../src/config/config';
import { OpenAiEngine } from '../../src/switch-gateway/engines/openai.engine';
import { fenced } from '../../src/switch-gateway/prompt-fence';
import type { SwitchError } from '../../src/switch-gateway/switch.errors';
import type { ChatMessage, Prompt } from '../../src/switch-gateway/switch-gateway.types';
import type { ToolOffer } from '../../src/tools/tool.types';
import { FakeOpenAi, completions } from '../fakes/fake-openai';
import type { Answer } from '../fakes/fake-upstream';
import { until } from '../support/until';

const MODEL = 'llama3';
const BROWSE: ToolOffer = {
  name: 'browse',
  description: 'Opens a page.',
  parameters: { type: 'object', properties: { url: { type: 'string' } }, required: ['url'] },
};

const prompt = (more: Partial<Prompt> = {}): Prompt => ({
  messages: [{ role: 'user', content: 'hola' }],
  tools: [],
  sessionId: 'session-1',
  userId: 'local',
  turnId: 'turn-1',
  messageId: 1,
  metadata: null,
  providerHint: null,
  engine: null,
  ...more,
});

describe(OpenAiEngine.name, () => {
  let server: FakeOpenAi;
  let engine: OpenAiEngine;
  let engines: OpenAiEngine[];

  const configured = (env: NodeJS.ProcessEnv = {}): Config =>
    loadConfig({ OPENAI_BASE_URL: server.baseUrl, OPENAI_MODEL: MODEL, ...env });
  const engineWith = (env: NodeJS.ProcessEnv = {}): OpenAiEngine => {
    engine = new OpenAiEngine(configured(env));
    engines.push(engine);
    return engine;
  };
  /** A turn's worth: the reply and what was told of it meanwhile. */
  const chat = async (more: Partial<Prompt> = {}, signal?: AbortSignal) => {
    const told: string[] = [];
    const reply = await engine.chat(prompt(more), signal, (piece) => void told.push(piece));
    expect(told.join('')).toBe(reply.text);
    return { ...reply, told };
  };
  /** How it fails, and what was told before that. */
  const failure = async (signal?: AbortSignal) => {
    let told = '';
    const startedAt = performance.now();
    const error = await engine
      .chat(prompt(), signal, (piece) => void (told += piece))
      .then(
        (reply) => Promise.reject(new Error(`It answered: ${JSON.stringify(reply)}`)),
        (thrown: SwitchError) => thrown,
      );
    const { code, message, cause, headers } = error;
    return {
      code,
      message,
      cause: (cause as Error | undefined)?.message,
      retryAfter: headers?.['Retry-After'],
      engine: error.engine,
      told,
      ms: performance.now() - startedAt,
    };
  };
  const answering = (answer: Answer, env?: NodeJS.ProcessEnv): void => {
    server.completions = answer;
    if (env) engineWith(env);
  };

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    server = await FakeOpenAi.start();
    engines = [];
    engineWith();
  });
  afterEach(async () => {
    for (const one of engines) one.onModuleDestroy();
    await server.stop();
  });

  it('tells the text as it comes, and says who answered and at what cost', async () => {
    answering(completions.says('One two  three.', { tokens: 21 }));
    expect(await chat()).toEqual({
      text: 'One two  three.',
      told: ['One', ' two', '  three.'],
      engine: 'llama-3.1-8b',
      servedBy: 'openai',
      fallbackFrom: [],
      tokens: 21,
      isPartial: false,
      toolCalls: [],
    });
  });

  it('asks as OpenAI’s API wants it, of its own model and with its own key', async () => {
    engineWith({ OPENAI_API_KEY: 'sk-test-1' });
    await chat({ providerHint: 'gpt-9' });
    const { method, path, headers, body } = server.chats[0]!;
    expect([method, path, headers.authorization]).toEqual(['POST', '/v1/chat/completions', 'Bearer sk-test-1']);
    expect(body).toEqual({
      model: MODEL,
      messages: [{ role: 'user', content: 'hola' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('does without a key', async () => {
    await chat();
    expect(server.chats[0]!.headers.authorization).toBe('Bearer none');
  });

  it('sends tools, calls and results in their places, and fences what others wrote', async () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What do they say?' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [
          { id: 'call_1', name: 'browse', arguments: '{"url":"https://a.example/"}' },
          { id: 'call_2', name: 'history', arguments: '{"count' },
        ],
      },
      { role: 'tool', toolCallId: 'call_1', toolName: 'browse', content: 'Buy now!', source: 'https://a.example/' },
      { role: 'tool', toolCallId: 'call_2', toolName: 'history', content: 'Nothing.', source: null },
    ];
    answering(completions.says('That it is cheap.'));
    await chat({ messages, tools: [BROWSE] });
    const { body } = server.chats[0]!;
    expect(body.tools).toEqual([{ type: 'function', function: BROWSE }]);
    expect(body.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What do they say?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'browse', arguments: '{"url":"https://a.example/"}' } },
          { id: 'call_2', type: 'function', function: { name: 'history', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'call_1', content: fenced('Buy now!', 'https://a.example/', 'session-1') },
      { role: 'tool', tool_call_id: 'call_2', content: 'Nothing.' },
    ]);
  });

  it('tells a piece at once', async () => {
    answering(completions.paced(['first', ' second'], 300));
    const startedAt = performance.now();
    const at: number[] = [];
    await engine.chat(prompt(), undefined, () => at.push(performance.now() - startedAt));
    expect(at[1]! - at[0]!).toBeGreaterThan(200);
  });

  describe('takes for an answer', () => {
    it('one that is cut short, which is partial', async () => {
      answering(completions.cutShort);
      expect(await chat()).toMatchObject({ text: 'half an answer', isPartial: true });
    });

    it('one that a filter has cut short', async () => {
      answering(completions.filtered);
      expect(await chat()).toMatchObject({ text: 'half an', isPartial: true });
    });

    it('one that ends with its reason and without [DONE]', async () => {
      answering(completions.finishOnly);
      expect(await chat()).toMatchObject({ text: 'All of it.', isPartial: false, tokens: null });
    });

    it('one that ends with [DONE] and without a reason', async () => {
      answering(completions.doneOnly);
      expect(await chat()).toMatchObject({ text: 'All of it.' });
    });

    it('one whose server does not let go when it is done, for whom it does not wait long', async () => {
      answering(completions.lingering);
      const startedAt = performance.now();
      expect(await chat()).toMatchObject({ text: 'All of it.' });
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      await until(() => server.chats[0]!.closedAt !== null, 1_000);
    });

    it('what follows aloud thoughts, not the thoughts', async () => {
      answering(completions.thinking);
      expect(await chat()).toMatchObject({ text: 'Done.' });
    });

    it('text with half a character in it, which is told as it is stored', async () => {
      answering(completions.splitSurrogate);
      const { text, told } = await chat();
      expect(text).toBe('a🙂b\uFFFD\uFFFDc\uFFFD');
      expect(told.every((piece) => piece.isWellFormed())).toBe(true);
    });
  });

  describe('reads tool calls', () => {
    const asked = async (answer: Answer) => {
      answering(answer);
      return (await chat({ tools: [BROWSE] })).toolCalls;
    };
    const url = (address: string) => JSON.stringify({ url: address });

    it('from deltas in pieces, with the text before them', async () => {
      answering(
        completions.calls(
          [
            { id: 'call_a', name: 'browse', arguments: { url: 'https://a.example/' } },
            { id: 'call_b', name: 'history', arguments: {} },
          ],
          'Let me look.',
        ),
      );
      expect(await chat({ tools: [BROWSE] })).toMatchObject({
        text: 'Let me look.',
        tokens: 21,
        toolCalls: [
          { id: 'call_a', name: 'browse', arguments: url('https://a.example/') },
          { id: 'call_b', name: 'history', arguments: '{}' },
        ],
      });
    });

    it('without any text', async () => {
      answering(completions.calls([{ id: 'call_a', name: 'history', arguments: '' }]));
      const { text, toolCalls } = await chat();
      expect([text, toolCalls]).toEqual(['', [{ id: 'call_a', name: 'history', arguments: '' }]]);
    });

    it('whose arguments are no JSON, as they are', async () => {
      expect(await asked(completions.invalidJsonArguments)).toEqual([
        { id: 'call_1', name: 'browse', arguments: '{"url": "https://exam' },
      ]);
    });

    it('that have the same id twice, both', async () => {
      expect(await asked(completions.sameIdTwice)).toEqual([
        { id: 'call_1', name: 'browse', arguments: url('https://a.example/') },
        { id: 'call_1', name: 'browse', arguments: url('https://b.example/') },
      ]);
    });

    it('without ids, and gives them some', async () => {
      expect(await asked(completions.noIds)).toMatchObject([{ id: 'call_0' }, { id: 'call_1' }]);
    });

    it('that share one index', async () => {
      expect(await asked(completions.sameIndex)).toEqual([
        { id: 'a', name: 'a', arguments: '{}' },
        { id: 'b', name: 'b', arguments: '{}' },
      ]);
    });

    it('by the hundred', async () => {
      const calls = await asked(completions.hundredCalls);
      expect(calls).toHaveLength(100);
      expect(calls[99]).toEqual({ id: 'call_99', name: 'browse', arguments: url('https://a/99') });
    });
  });

  describe('refuses what is no answer:', () => {
    const said = (what: string) => `The model server did not give an answer: ${what}.`;

    it.each<[string, Answer, string, string]>([
      ['a stream without a word', completions.emptyStream, 'its text is empty', ''],
      ['an answer without text', completions.emptyText, 'its text is empty', ''],
      ['an end without a reason', completions.noDone, 'the stream broke off', 'half an'],
      ['a connection that breaks', completions.breakOff, 'the stream broke off', 'half an'],
      ['half a JSON', completions.notJson, 'it is not JSON', ''],
      ['another JSON', completions.notAChunk, 'a piece of it is not as it should be', ''],
      ['a web page', completions.html, 'it is not a stream of events', ''],
      ['JSON without a stream', completions.json(200, {}), 'it is not a stream of events', ''],
      ['a redirect', completions.redirect, 'it is a redirect', ''],
      ['an error at once', completions.errorObjectFirst, 'it reports an error', ''],
      ['too many calls', completions.tooManyCalls, 'it is too large', ''],
      ['too many arguments', completions.hugeArguments, 'it is too large', ''],
      ['an event without an end', completions.hugeEvent, 'it is too large', ''],
    ])('%s', async (_name, answer, what, told) => {
      answering(answer);
      expect(await failure()).toMatchObject({ code: 'switch_bad_reply', message: said(what), told, engine: MODEL });
      expect(server.chats).toHaveLength(1);
    });

    it('text without an end, of which it tells no more than it may have, and hangs up', async () => {
      answering(completions.hugeText);
      const { message, told } = await failure();
      expect(message).toBe(said('it is too large'));
      expect(told.length).toBe(1024 * 1024);
      await until(() => server.chats[0]!.closedAt !== null, 1_000);
    });

    it('an error in mid-answer, and keeps what it was to itself', async () => {
      answering(completions.errorObjectMidStream);
      expect(await failure()).toMatchObject({
        code: 'switch_error',
        message: 'The model server answered with status 500.',
        cause: 'EngineCore encountered an issue.',
        told: 'half an',
      });
      expect(server.chats).toHaveLength(1);
    });
  });

  describe('says what is wrong', () => {
    it.each<[string, Answer]>([
      ['401', completions.unauthorized],
      ['403', completions.forbidden],
    ])('with its key (%s)', async (_status, answer) => {
      answering(answer);
      expect(await failure()).toMatchObject({
        code: 'switch_auth_failed',
        message: 'The model server does not accept the token Operator presents. Check OPENAI_API_KEY.',
        cause: undefined,
        engine: MODEL,
      });
      expect(server.chats).toHaveLength(1);
    });

    it('with a request, and to the log alone how', async () => {
      answering(completions.badRequest);
      expect(await failure()).toMatchObject({
        code: 'switch_error',
        message: 'The model server answered with status 400.',
        cause: 'This model’s maximum context length is 4096 tokens. Reduce it.',
      });
      expect(server.chats).toHaveLength(1);
    });

    it('when it has not the model', async () => {
      answering(completions.modelNotFound);
      expect(await failure()).toMatchObject({ message: 'The model server answered with status 404.' });
    });

    it('when nobody listens', async () => {
      await server.stop();
      expect(await failure()).toMatchObject({
        code: 'switch_unavailable',
        message: 'The model server cannot be reached.',
        engine: MODEL,
      });
      await server.listen();
    });
  });

  describe('asks again', () => {
    it('when it was throttled, as soon as the server says', async () => {
      answering(completions.inTurn(completions.throttled('1'), completions.says('Now.')));
      const startedAt = performance.now();
      expect(await chat()).toMatchObject({ text: 'Now.' });
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
      expect(server.chats).toHaveLength(2);
    });

    it('by the more precise header, if there is one', async () => {
      answering(completions.inTurn(completions.throttledForMs(5), completions.says('Now.')));
      expect(await chat()).toMatchObject({ text: 'Now.' });
    });

    it.each<[string, Answer]>([
      ['a 500', completions.serverError],
      ['a 503', completions.unavailable],
      ['a connection that was reset', completions.reset],
      ['a stream that broke before it began', completions.breakOffAtOnce],
    ])('after %s', async (_name, answer) => {
      answering(completions.inTurn(answer, completions.says('Now.')));
      expect(await chat()).toMatchObject({ text: 'Now.' });
      expect(server.chats).toHaveLength(2);
    });

    it('twice, and no more', async () => {
      answering(completions.serverError);
      expect(await failure()).toMatchObject({ message: 'The model server answered with status 500.' });
      expect(server.chats).toHaveLength(3);
    });

    it('not when the server wants to be left alone for longer than the answer may take to begin', async () => {
      answering(completions.throttled('60'), { OPENAI_FIRST_TOKEN_TIMEOUT_MS: '5000' });
      const { ms, ...said } = await failure();
      expect(said).toMatchObject({
        code: 'switch_throttled',
        message: 'The model server has too much to do.',
        retryAfter: '60',
      });
      expect(ms).toBeLessThan(2_000);
      expect(server.chats).toHaveLength(1);
    });
  });

  describe('gives up', () => {
    it('when no connection comes about', async () => {
      // Nobody has this address: it is for documentation.
      engineWith({ OPENAI_BASE_URL: 'http://192.0.2.1/v1', OPENAI_CONNECT_TIMEOUT_MS: '100' });
      const { code, ms } = await failure();
      // Where there is no network at all the system says so itself.
      expect(['switch_timeout', 'switch_unavailable']).toContain(code);
      expect(ms).toBeLessThan(5_000);
    });

    it.each<[string, Answer]>([
      ['no headers', completions.hang],
      ['nothing but headers', completions.silentAfterHeaders],
    ])('when there are %s', async (_name, answer) => {
      answering(answer, { OPENAI_FIRST_TOKEN_TIMEOUT_MS: '200' });
      expect(await failure()).toMatchObject({
        code: 'switch_timeout',
        message: 'The model server did not answer in time.',
        cause: 'There was no beginning of an answer within 200 ms.',
        engine: MODEL,
      });
      expect(server.chats).toHaveLength(1);
      await until(() => server.chats[0]!.closedAt !== null, 1_000);
    });

    it('when nothing more comes', async () => {
      answering(completions.stalls, { OPENAI_IDLE_TIMEOUT_MS: '200' });
      expect(await failure()).toMatchObject({
        code: 'switch_timeout',
        cause: 'There was no more of the answer within 200 ms.',
        told: 'half an',
      });
      expect(server.chats).toHaveLength(1);
      await until(() => server.chats[0]!.closedAt !== null, 1_000);
    });

    it('when it does not come to an end', async () => {
      answering(completions.endless, { OPENAI_TIMEOUT_MS: '500' });
      expect(await failure()).toMatchObject({
        code: 'switch_timeout',
        cause: 'There was no end of the answer within 500 ms.',
        told: expect.stringMatching(/^word0 word1 /),
      });
      await until(() => server.chats[0]!.closedAt !== null, 1_000);
    });
  });

  describe('when its caller gives up, ends at once and hangs up', () => {
    const INTERRUPTED = { code: 'interrupted' };
    /** Aborts as soon as the server has been asked, and tells how long it took from there. */
    const aborted = async (when: () => boolean) => {
      const abort = new AbortController();
      const failing = failure(abort.signal);
      await until(when);
      const abortedAt = Date.now();
      abort.abort();
      const failed = await failing;
      expect(Date.now() - abortedAt).toBeLessThan(1_000);
      return { ...failed, abortedAt };
    };

    it.each<[string, Answer]>([
      ['before there are headers', completions.hang],
      ['before there is a word', completions.silentAfterHeaders],
      ['in mid-answer', completions.endless],
    ])('%s', async (_name, answer) => {
      answering(answer);
      const { abortedAt, ...failed } = await aborted(() => server.chats.length > 0);
      expect(failed).toMatchObject(INTERRUPTED);
      await until(() => server.chats[0]!.closedAt !== null, 1_000);
      expect(server.chats[0]!.closedAt! - abortedAt).toBeLessThan(1_000);
    });

    it('while it waits to ask again', async () => {
      answering(completions.throttled('30'));
      expect(await aborted(() => server.chats.length > 0)).toMatchObject(INTERRUPTED);
      expect(server.chats).toHaveLength(1);
    });

    it('before it has begun', async () => {
      expect(await failure(AbortSignal.abort())).toMatchObject(INTERRUPTED);
      expect(server.chats).toHaveLength(0);
    });

    it('and tells nothing of what comes later', async () => {
      answering(completions.endless);
      const abort = new AbortController();
      let told = 0;
      const failing = engine.chat(prompt(), abort.signal, () => {
        if (++told === 3) abort.abort();
      });
      await expect(failing).rejects.toMatchObject(INTERRUPTED);
      expect(told).toBe(3);
    });
  });

  it('leaves a server alone that is down, until it answers again', async () => {
    engineWith({ BREAKER_FAILURES: '2', BREAKER_RETRY_MS: '100' });
    server.sickness = completions.unavailable;
    for (let n = 0; n < 2; n++) expect(await failure()).toMatchObject({ code: 'switch_error' });
    const asked = server.chats.length;
    expect(await failure()).toMatchObject({
      code: 'switch_unavailable',
      message: 'The model server failed several times in a row, and is left alone until it answers its health check.',
      engine: MODEL,
    });
    expect(server.chats).toHaveLength(asked);
    expect(await engine.health()).toMatchObject({ isHealthy: false });

    server.sickness = null;
    await until(async () => (await engine.health()).isHealthy);
    expect(await chat()).toMatchObject({ text: 'echo: hola' });
  });

  it('keeps its connection from one answer to the next', async () => {
    const ports = new Set<number | undefined>();
    answering((call, response) => {
      ports.add(response.socket?.remotePort);
      return completions.echo(call, response);
    });
    for (let n = 0; n < 6; n++) await chat();
    // The first may still be busy with the end of its answer when the second request comes.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('lists the models', async () => {
    const unknown = { category: null, sizeMb: null, status: null, isWarm: null, tags: [] };
    expect(await engine.models()).toEqual({
      models: [
        { name: 'llama-3.1-8b', ...unknown },
        { name: 'qwen2.5-coder', ...unknown },
      ],
      active: MODEL,
      warm: null,
    });
    server.routes['GET /v1/models'] = completions.json(200, { data: 'none' });
    await expect(engine.models()).rejects.toMatchObject({ code: 'switch_bad_reply' });
    server.routes['GET /v1/models'] = completions.unauthorized;
    await expect(engine.models()).rejects.toMatchObject({ code: 'switch_auth_failed' });
  });

  it('says how the server is, and soon', async () => {
    expect(await engine.health()).toEqual({ isHealthy: true, detail: 'The model server answers.' });
    server.routes['GET /v1/models'] = completions.serverError;
    expect(await engine.health()).toEqual({
      isHealthy: false,
      detail: 'The model server answered with status 500.',
    });
    server.routes['GET /v1/models'] = completions.hang;
    const startedAt = performance.now();
    expect(await engine.health()).toEqual({ isHealthy: false, detail: 'The model server did not answer in time.' });
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });

  it('says what it does not know', async () => {
    expect(await engine.queueStatus()).toEqual({ size: 0, items: [] });
    expect(await engine.submitFeedback()).toBe(false);
    for (const call of [
      engine.task({ taskType: 'audio', payload: {} }),
      engine.setDefaultModel(),
      engine.preloadModel(),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'switch_unsupported' });
    }
  });
});
