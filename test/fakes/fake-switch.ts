import { type Answer, FakeUpstream, type UpstreamCall, json, raw } from './fake-upstream';

export type SwitchCall = UpstreamCall;

/** What Switch really answers, verbatim, of both revisions, and the ways in which it can be sick. */
export const answers = {
  json,
  raw,
  /** A text of the test's choice, in the shape of revision H. */
  text: (text: string): Answer =>
    json(200, { status: 'ok', provider: 'general-7b', content: text, engine_used: 'general-7b', tokens_used: 7 }),
  /** Says the last message back, so that answers can be told apart. */
  echo: ((call, response) => {
    const said = call.body.messages.at(-1).content as string;
    return answers.text(`echo: ${said}`)(call, response);
  }) as Answer,
  revisionA: json(
    200,
    '{"status":"ok","provider":"cli","content":"[cli-remote] hola","usage":{"success":15,"fail":0,"avg_latency_ms":0.3,"score":1.0},"latency_ms":0.28}',
  ),
  revisionH: json(
    200,
    '{"status":"ok","provider":"general-7b","decision":"local","content":"[local-7b] hola","reply":"[local-7b] hola","latency_ms":12,"engine_used":"general-7b","used_cli":false,"fallback_reason":"command_failed","tokens_used":1}',
  ),
  partial: json(200, '{"status":"partial","provider":"general-7b","content":"half an answer","latency_ms":5}'),
  throttled: json(200, '{"status":"throttled"}'),
  emptyText: json(200, '{"status":"ok","provider":"manifestator","content":"","latency_ms":561.5}'),
  errorWith200: json(200, '{"status":"error","provider":"fallback","content":"Error: no provider","latency_ms":3}'),
  list: json(200, '[{"status":"ok","content":"hola"}]'),
  null: json(200, 'null'),
  number: json(200, '42'),
  html: raw(200, 'text/html', '<html><body>Welcome to nginx!</body></html>'),
  plain500: raw(500, 'text/plain', 'Internal Server Error'),
  unauthorized: json(401, '{"detail":"auth_required"}'),
  forbidden: json(403, '{"error":"forbidden","status_code":403}'),
  unprocessable: json(
    422,
    '{"detail":[{"type":"missing","loc":["body","messages"],"msg":"Field required","input":{}}]}',
  ),
  modelNotFound: json(404, '{"detail":"model_not_found"}'),
  noSuchPath: json(404, '{"detail":"Not Found"}'),
  redirect: raw(302, 'text/plain', '', { location: 'http://127.0.0.1:1/elsewhere' }),
  huge: json(200, { status: 'ok', content: 'x'.repeat(1024 * 1024) }),
  /** Never answers. */
  hang: (() => undefined) as Answer,
  /** Closes the connection without a byte. */
  reset: ((_call, response) => void response.socket?.resetAndDestroy()) as Answer,
  /** A byte now and then, for ever. */
  drip: ((_call, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(timer));
  }) as Answer,
  /** Promises more than it sends, then resets the connection. */
  breakOff: ((_call, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    response.write('{"status":"ok","content":"hal');
    setTimeout(() => response.socket?.resetAndDestroy(), 20);
  }) as Answer,
  after:
    (ms: number, answer: Answer): Answer =>
    async (call, response) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return answer(call, response);
    },
};

/** A Switch that answers as told and remembers what it was asked. */
export class FakeSwitch extends FakeUpstream {
  /** Answers `POST /switch/chat`. */
  chat: Answer = answers.echo;
  /** Answers any other path. */
  override readonly routes: Record<string, Answer> = {
    'GET /health': json(
      200,
      '{"status":"ok","module":"switch","active_model":"general-7b","warm_model":"audio-engineering","queue_size":0}',
    ),
    'GET /switch/queue/status': json(200, '{"size":0,"items":[]}'),
    'POST /switch/admin/set_default_model': json(
      200,
      '{"status":"ok","active":"general-7b","warm":"audio-engineering"}',
    ),
    'POST /switch/admin/preload_model': json(200, '{"status":"ok","active":"general-7b","warm":"audio-engineering"}'),
    'POST /switch/hermes/record_result': json(200, '{"status":"ok","engine":"general-7b","recorded":true}'),
  };

  static override async start(): Promise<FakeSwitch> {
    const fake = new FakeSwitch();
    await fake.listen();
    return fake;
  }

  get chats(): SwitchCall[] {
    return this.calls.filter(({ path }) => path === '/switch/chat');
  }

  protected override answerTo(call: SwitchCall): Answer | undefined {
    return call.path === '/switch/chat' ? this.chat : super.answerTo(call);
  }
}
