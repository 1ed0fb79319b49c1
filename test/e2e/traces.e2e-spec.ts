import { OperatorLogger } from '../../src/common/logging/logger';
import { Tracing } from '../../src/common/tracing/tracing.service';
import { Reader } from '../../src/database/reader';
import { FakeCollector } from '../fakes/fake-collector';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { isPostgres } from '../support/database';
import { type TestApp, type TestEnv, createTestApp } from '../support/test-app';
import { until } from '../support/until';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE}-${CALLER}-01`;
const SECRET = 'canary of what somebody said';

describe('Traces', () => {
  let collector: FakeCollector;
  let upstream: FakeSwitch;
  let operator: TestApp;
  let written: string[];

  beforeEach(async () => {
    collector = await FakeCollector.start();
    upstream = await FakeSwitch.start();
    upstream.chat = answers.revisionH;
    written = [];
  });
  afterEach(async () => {
    await operator.close();
    await upstream.stop();
    await collector.stop();
  });

  const start = async (env: TestEnv = {}) =>
    (operator = await createTestApp(
      { SWITCH_URL: upstream.url, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...env },
      { logger: ({ log }) => new OperatorLogger(log, { write: (line) => void written.push(line) }) },
    ));
  const chat = (body: object = {}, headers: Record<string, string> = { traceparent: TRACEPARENT }) =>
    operator.chat({ message: SECRET, session_id: 'trace-me', ...body }, headers);
  const collected = (name: string) => until(() => collector.spans.some((span) => span.name === name));
  const span = (name: string) => collector.spans.find((one) => one.name === name)!;
  const lines = () => written.map((line) => JSON.parse(line) as Record<string, unknown>);
  const metric = async (name: string) => {
    const { text } = await operator.get('/metrics');
    return Number(
      text
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')
        .at(-1) ?? NaN,
    );
  };

  describe('when the collector is not well', () => {
    const tenChats = async () => {
      const from = performance.now();
      const statuses = [];
      for (let n = 0; n < 10; n++) statuses.push((await chat({ session_id: `c-${n}` })).status);
      expect(statuses).toEqual(Array(10).fill(200));
      return performance.now() - from;
    };

    it('is down: chats are answered, and the spans it missed are counted', async () => {
      await start();
      await collector.stop();
      expect(await tenChats()).toBeLessThan(3_000);
      await until(
        async () => (await metric('operator_trace_spans_dropped_total{reason="export_failed"}')) >= 50,
        15_000,
      );
      await collector.listen();
      await until(async () => {
        await chat();
        return (await metric('operator_trace_spans_exported_total')) > 0;
      }, 15_000);
      const warnings = lines().filter(({ event }) => event === 'traces:warning');
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatchObject({ level: 'warn', reason: expect.stringContaining('ECONNREFUSED') });
      expect(Object.keys(warnings[0]!)).not.toContain('request_id');
    });

    it('says no: the same', async () => {
      collector.answer = (response) => void response.writeHead(400).end('no');
      await start();
      await tenChats();
      await until(async () => (await metric('operator_trace_spans_dropped_total{reason="export_failed"}')) === 50);
      expect(await metric('operator_trace_spans_exported_total')).toBe(0);
    });

    it('hangs: chats are answered, what waits is bounded, and a stop does not wait for it', async () => {
      collector.answer = () => undefined;
      await start();
      expect(await tenChats()).toBeLessThan(3_000);
      await until(() => collector.requests.length > 0);
      await chat({ session_id: 'the last' });
      const from = performance.now();
      await operator.app.close();
      expect(performance.now() - from).toBeLessThan(3_000);
    });
  });

  it('shows a turn as one tree below its caller: request, transactions, engine, upstream', async () => {
    await start({ OTEL_SERVICE_NAME: 'operator-under-test' });
    const { status, body, headers } = await chat();
    expect(status).toBe(200);
    await collected('POST /operator/chat');

    expect(collector.tree(TRACE)).toEqual([
      'POST /operator/chat',
      '.transaction',
      '.chat general-7b',
      '..POST switch',
      '.transaction',
    ]);
    const system = isPostgres ? 'postgresql' : 'sqlite';
    expect(span('POST /operator/chat')).toMatchObject({
      parentSpanId: CALLER,
      kind: 'server',
      isError: false,
      attributes: {
        'http.request.method': 'POST',
        'http.route': '/operator/chat',
        'http.response.status_code': 200,
        'url.path': '/operator/chat',
        'url.scheme': 'http',
        'operator.request_id': headers['x-request-id'],
      },
    });
    const { port } = new URL(upstream.url);
    expect(span('POST switch')).toMatchObject({
      kind: 'client',
      isError: false,
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'url.full': `${upstream.url}/switch/chat`,
        'server.address': '127.0.0.1',
        'server.port': Number(port),
        'operator.upstream': 'switch',
      },
    });
    expect(span('transaction')).toMatchObject({
      kind: 'client',
      attributes: { 'db.system.name': system, 'db.operation.name': 'transaction' },
    });
    expect(span('chat general-7b').kind).toBe('client');
    expect(span('chat general-7b').attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'vx11',
      'gen_ai.conversation.id': 'trace-me',
      'gen_ai.output.type': 'text',
      'gen_ai.response.model': 'general-7b',
      'operator.turn_id': body.turn_id,
      'operator.usage.tokens': 1,
    });
    expect(collector.resource).toMatchObject({ 'service.name': 'operator-under-test' });
    expect(collector.requests[0]).toMatchObject({
      path: '/v1/traces',
      headers: { 'content-type': 'application/json' },
    });
  });

  it('hands the trace on to Switch, with what a vendor has added', async () => {
    await start();
    await chat({}, { traceparent: TRACEPARENT, tracestate: 'vendor=kept' });
    await collected('POST /operator/chat');
    expect(upstream.chats[0]!.headers).toMatchObject({
      traceparent: `00-${TRACE}-${span('POST switch').spanId}-01`,
      tracestate: 'vendor=kept',
    });
  });

  it('begins a trace of its own for a request without one, or with one that is not valid', async () => {
    await start();
    await chat({ session_id: 'a' }, {});
    await chat({ session_id: 'b' }, { traceparent: 'nonsense' });
    await until(() => collector.spans.filter(({ kind }) => kind === 'server').length === 2);
    const [first, second] = collector.spans.filter(({ kind }) => kind === 'server');
    expect([first!.parentSpanId, second!.parentSpanId]).toEqual([undefined, undefined]);
    expect(first!.traceId).not.toBe(second!.traceId);
    expect(collector.tree(first!.traceId)).toHaveLength(5);
    expect(collector.tree(second!.traceId)).toHaveLength(5);
  });

  it('keeps the traces of turns apart that share a commit', async () => {
    await start();
    const ids = Array.from({ length: 20 }, (_, n) => `${n}`.padStart(32, 'a'));
    await Promise.all(ids.map((id, n) => chat({ session_id: `s-${n}` }, { traceparent: `00-${id}-${CALLER}-01` })));
    await until(() => collector.spans.filter(({ kind }) => kind === 'server').length === ids.length);
    for (const id of ids) {
      expect(collector.tree(id)).toEqual([
        'POST /operator/chat',
        '.transaction',
        '.chat general-7b',
        '..POST switch',
        '.transaction',
      ]);
    }
  });

  it('respects a caller who takes no sample, and tells Switch so', async () => {
    await start();
    await chat({}, { traceparent: `00-${TRACE}-${CALLER}-00` });
    await chat({ session_id: 'other' }, {});
    await collected('POST /operator/chat');
    expect(collector.spans.filter(({ traceId }) => traceId === TRACE)).toEqual([]);
    expect(upstream.chats[0]!.headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  });

  it('marks what failed, and why, where it failed', async () => {
    await start();
    upstream.chat = answers.plain500;
    expect((await chat()).status).toBe(502);
    await collected('POST /operator/chat');
    expect(span('POST switch')).toMatchObject({ isError: true, attributes: { 'error.type': '500' } });
    expect(span('chat vx11')).toMatchObject({ isError: true, attributes: { 'error.type': 'switch_error' } });
    expect(span('POST /operator/chat')).toMatchObject({ isError: true, attributes: { 'error.type': '502' } });
    expect(span('transaction').isError).toBe(false);
  });

  it('says that there was no connection', async () => {
    await start();
    await upstream.stop();
    await chat();
    await collected('POST /operator/chat');
    await upstream.listen();
    expect(span('POST switch')).toMatchObject({ isError: true, attributes: { 'error.type': 'unreachable' } });
    expect(span('POST switch').attributes['http.response.status_code']).toBeUndefined();
  });

  it('shows reads, refusals and unknown paths, and names none after its path', async () => {
    await start();
    await chat();
    await operator.get('/operator/session/trace-me').set({ traceparent: TRACEPARENT.replace(TRACE, 'b'.repeat(32)) });
    await operator.get('/nowhere/at/all');
    await operator.get('/health');
    await operator.get('/health/ready');
    await operator.get('/metrics');
    await operator.get('/operator/sessions').set({ 'X-VX11-Token': 'wrong' });
    await until(() => collector.spans.filter(({ kind }) => kind === 'server').length === 4);
    const names = collector.spans.filter(({ kind }) => kind === 'server').map(({ name }) => name);
    expect(names.sort()).toEqual([
      'GET',
      'GET /operator/session/:session_id',
      'GET /operator/sessions',
      'POST /operator/chat',
    ]);
    const [root, ...reads] = collector.tree('b'.repeat(32));
    expect(root).toBe('GET /operator/session/:session_id');
    expect([...new Set(reads)]).toEqual(['.read']);
    expect(span('GET /operator/sessions')).toMatchObject({
      isError: false,
      attributes: { 'http.response.status_code': 403 },
    });
  });

  it('stands in every log line of the request, and in no other', async () => {
    await start();
    await chat();
    await until(() => lines().some(({ context }) => context === 'Http'));
    const ofRequest = lines().filter(({ request_id }) => request_id);
    expect(ofRequest.length).toBeGreaterThanOrEqual(2);
    for (const line of ofRequest) {
      expect(line).toMatchObject({ trace_id: TRACE, span_id: expect.stringMatching(/^[0-9a-f]{16}$/) });
    }
    expect(lines().filter(({ request_id, trace_id }) => !request_id && trace_id)).toEqual([]);
  });

  it('leaves out what Operator does by itself, though a request was the occasion', async () => {
    await start();
    const told = () => upstream.calls.filter(({ path }) => path === '/switch/hermes/record_result');
    // The second is told because of its request, the first perhaps because of the start.
    for (const count of [1, 2]) {
      await chat();
      await until(() => told().length === count);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await operator.app.close();
    expect(told().map(({ headers }) => headers.traceparent)).toEqual([undefined, undefined]);
    expect(collector.spans).toHaveLength(10);
  });

  it('keeps what is said out of traces', async () => {
    await start();
    await chat({ context_summary: SECRET, metadata: { note: SECRET } });
    upstream.chat = answers.plain500;
    await chat();
    await until(() => collector.spans.filter(({ kind }) => kind === 'server').length === 2);
    expect(JSON.stringify(collector.requests)).not.toContain(SECRET);
    expect(JSON.stringify(collector.requests)).not.toContain('[local-7b] hola');
  });

  it('has what is said in the one span, if somebody asks for it, and not more than it can carry', async () => {
    await start({ OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true' });
    await chat({ context_summary: 'so far' });
    await collected('POST /operator/chat');
    const { attributes } = span('chat general-7b');
    const input = JSON.parse(String(attributes['gen_ai.input.messages']));
    expect(input.at(-1)).toEqual({ role: 'user', parts: [{ type: 'text', content: SECRET }] });
    expect(input[0].role).toBe('system');
    expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
      { role: 'assistant', parts: [{ type: 'text', content: '[local-7b] hola' }] },
    ]);
    const others = collector.spans.filter(({ name }) => name !== 'chat general-7b');
    expect(JSON.stringify(others.map((one) => one.attributes))).not.toContain(SECRET);

    collector.requests.length = 0;
    await chat({ message: 'long '.repeat(6_000), session_id: 'long' });
    await collected('POST /operator/chat');
    expect(String(span('chat general-7b').attributes['gen_ai.input.messages']).length).toBeLessThan(17_000);
  });

  it('has an internal span where the engine is embedded', async () => {
    await start({ SWITCH_URL: undefined });
    await chat({ message: '/help' });
    await collected('POST /operator/chat');
    expect(span('chat embedded')).toMatchObject({
      kind: 'internal',
      attributes: { 'gen_ai.provider.name': 'embedded', 'gen_ai.response.model': 'embedded' },
    });
  });

  it('shows no more than a hundred spans below one, and counts the others', async () => {
    await start();
    await operator.app.get(Tracing).run('many', {}, async () => {
      for (let n = 0; n < 150; n++) await operator.app.get(Reader).sql((sql) => sql.get('SELECT 1'));
    });
    await collected('many');
    expect(collector.spans.filter(({ name }) => name === 'read')).toHaveLength(100);
    expect(await metric('operator_trace_spans_dropped_total{reason="too_many"}')).toBe(50);
  });

  it('sends the last spans before the process ends', async () => {
    await start();
    await chat();
    await operator.app.close();
    expect(collector.tree(TRACE)).toHaveLength(5);
  });

  it('makes none, and adds no header, where no collector is configured', async () => {
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: undefined });
    await chat();
    expect(upstream.chats[0]!.headers.traceparent).toBeUndefined();
    expect(lines().filter(({ trace_id }) => trace_id)).toEqual([]);
    expect(collector.requests).toEqual([]);
    expect((await operator.get('/metrics')).text).not.toContain('operator_trace_spans');
  });
});
