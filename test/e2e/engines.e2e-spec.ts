import { SwitchGateway } from '../../src/switch-gateway/switch-gateway.service';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { type TestApp, createTestApp } from '../support/test-app';

describe('The embedded engine', () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp();
  });
  afterAll(() => operator.close());

  it('says that it is no language model', async () => {
    const { body } = await operator.chat({ message: 'What is the capital of France?' }).expect(200);
    expect(body).toMatchObject({ engine: 'embedded', tool_calls: [] });
    expect(body.response).toContain('not a language model');
  });

  it('lists its commands on /help, and records that it ran it', async () => {
    const { body } = await operator.chat({ message: ' /HELP ', session_id: 'help' }).expect(200);
    expect(body.response).toBe(
      [
        '/browse <url>  Opens a page in the browser and shows its text.',
        '/help  Lists the commands.',
        '/history [count]  Shows the last messages of this session, 10 unless told.',
        '/overview  Shows how every module is.',
        '/resources  Shows tools, local models and budgets.',
        '/search <text>  Looks for a text in your sessions.',
      ].join('\n'),
    );
    const call = {
      id: expect.any(Number),
      tool_name: 'help',
      status: 'ok',
      duration_ms: expect.any(Number),
      error: null,
    };
    expect(body.tool_calls).toEqual([
      { ...call, result: { commands: ['/browse', '/help', '/history', '/overview', '/resources', '/search'] } },
    ]);
    const { body: session } = await operator.get('/operator/session/help').expect(200);
    expect(session.messages[1].tool_calls).toEqual(body.tool_calls);
  });

  it('shows what was said on /history', async () => {
    for (const message of ['one', 'two\nlines', '/history 3']) {
      await operator.chat({ message, session_id: 'history' }).expect(200);
    }
    const { body: session } = await operator.get('/operator/session/history').expect(200);
    const [, saidOne, two, saidTwo] = session.messages;
    const { content, tool_calls } = session.messages.at(-1);
    expect(content).toBe(`assistant: ${saidOne.content}\nuser: two lines\nassistant: ${saidTwo.content}`);
    expect(tool_calls[0]).toMatchObject({
      tool_name: 'session_history',
      result: { message_ids: [saidOne.id, two.id, saidTwo.id] },
    });
  });

  it('does not know commands that nobody registered', async () => {
    const { body } = await operator.chat({ message: '/launch now' }).expect(200);
    expect(body.response).toBe('There is no command /launch. Send /help for those there are.');
  });

  it('replays a command’s tool calls with its answer', async () => {
    const key = { 'Idempotency-Key': 'help-again' };
    const first = await operator.chat({ message: '/help' }, key).expect(200);
    const second = await operator.chat({ message: '/help' }, key).expect(200);
    expect(second.body).toEqual(first.body);
  });

  it('has no queue and takes no tasks', async () => {
    const gateway = operator.app.get(SwitchGateway, { strict: false });
    expect(await gateway.queueStatus()).toEqual({ size: 0, items: [] });
    await expect(gateway.task({ taskType: 'summary', payload: {} })).rejects.toMatchObject({
      code: 'switch_unsupported',
    });
    expect(await gateway.submitFeedback({ engine: 'embedded', success: true, latencyMs: 1 })).toBe(false);
  });
});

describe('The vx11 engine', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  let gateway: SwitchGateway;
  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    operator = await createTestApp({
      SWITCH_URL: `${upstream.url}/`,
      SWITCH_MESSAGES: 'packed',
      VX11_TENTACULO_LINK_TOKEN: 'common-token,second',
    });
    gateway = operator.app.get(SwitchGateway, { strict: false });
  });
  beforeEach(() => void (upstream.calls.length = 0));
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  it('packs the conversation into one message where Switch reads only the first', async () => {
    await operator.chat({ message: 'one', session_id: 'packed' }).expect(200);
    upstream.chat = answers.text('two');
    await operator.chat({ message: 'three', session_id: 'packed', context_summary: 'They count.' }).expect(200);
    expect(upstream.chats.map(({ body }) => body.messages)).toEqual([
      [{ role: 'user', content: 'one' }],
      [{ role: 'user', content: 'system: Context: They count.\n\nuser: one\n\nassistant: echo: one\n\nuser: three' }],
    ]);
  });

  it('presents the common token where Switch has none of its own', async () => {
    await gateway.queueStatus();
    expect(upstream.calls[0]!.headers['x-vx11-token']).toBe('common-token');
  });

  it('hands tasks on', async () => {
    upstream.routes['POST /switch/task'] = answers.json(200, {
      status: 'ok',
      task_type: 'summary',
      provider: 'cli',
      result: { text: 'short' },
      latency_ms: 174,
      queue_id: 1,
    });
    const task = { taskType: 'summary', payload: { text: 'long' }, providerHint: 'cli' };
    expect(await gateway.task(task)).toEqual({ status: 'ok', provider: 'cli', result: { text: 'short' }, queueId: 1 });
    expect(upstream.calls[0]!.body).toEqual({
      task_type: 'summary',
      payload: { text: 'long' },
      source: 'operator',
      provider_hint: 'cli',
    });
  });

  it('tells whether Switch wants feedback', async () => {
    const feedback = { engine: 'general-7b', success: true, latencyMs: 12, tokens: 3 };
    expect(await gateway.submitFeedback(feedback)).toBe(true);
    expect(upstream.calls[0]!.body).toEqual({ engine: 'general-7b', success: true, latency_ms: 12, tokens: 3 });

    delete upstream.routes['POST /switch/hermes/record_result'];
    expect(await gateway.submitFeedback(feedback)).toBe(false);
  });

  it('stops asking when told to', async () => {
    upstream.chat = answers.hang;
    const abort = new AbortController();
    const prompt = {
      messages: [{ role: 'user' as const, content: 'hello' }],
      sessionId: 's',
      userId: 'u',
      turnId: 't',
      messageId: 1,
      metadata: null,
      providerHint: null,
      tools: [],
      engine: null,
    };
    const asked = gateway.chat(prompt, abort.signal);
    setTimeout(() => abort.abort(), 50);
    await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
    await expect(gateway.chat(prompt, AbortSignal.abort())).rejects.toMatchObject({ code: 'interrupted' });
  });
});
