import { FakeOpenAi, completions } from '../fakes/fake-openai';
import { EventReader } from '../support/event-reader';
import { AUTH, type TestApp, createTestApp } from '../support/test-app';
import { type ToolLog, offerTestTools } from '../support/test-tools';
import { until } from '../support/until';

const WORDS = Array.from({ length: 500 }, (_, n) => `word${n} `);

describe('Cancelling a turn', () => {
  let model: FakeOpenAi;
  let operator: TestApp;
  let tools: ToolLog;
  const readers: EventReader[] = [];

  beforeAll(async () => {
    model = await FakeOpenAi.start();
    operator = await createTestApp({ ENGINE: 'openai', OPENAI_BASE_URL: model.baseUrl, OPENAI_MODEL: 'm' });
    tools = offerTestTools(operator);
  });
  beforeEach(() => {
    model.calls.length = 0;
  });
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.close();
  });
  afterAll(async () => {
    await operator.close();
    await model.stop();
  });

  const ask = async (sessionId: string, key?: string) => {
    const reader = await EventReader.open(`${operator.url}/operator/chat`, {
      method: 'POST',
      headers: { ...AUTH, ...(key && { 'Idempotency-Key': key }) },
      body: { session_id: sessionId, message: 'hello' },
    });
    readers.push(reader);
    return { reader, turnId: (await reader.until('turn.started')).data.turn_id as string };
  };
  const cancel = (turnId: string) => operator.post(`/operator/turn/${turnId}/cancel`);
  const messages = async (sessionId: string) =>
    (await operator.get(`/operator/session/${sessionId}`).expect(200)).body.messages as any[];
  const modelLetGo = () => until(() => model.chats.at(-1)!.closedAt !== null, 1_000);

  it('stops the engine before its first word', async () => {
    model.completions = completions.hang;
    const { reader, turnId } = await ask('before');
    await until(() => model.chats.length === 1);
    const { body } = await cancel(turnId).expect(200);
    expect(body).toMatchObject({ turn_id: turnId, status: 'cancelled', error: null });
    await modelLetGo();
    await reader.ended();
    expect(reader.events.at(-1)).toMatchObject({ type: 'turn.cancelled', data: { turn_id: turnId, message_id: null } });
    expect(await messages('before')).toHaveLength(1);
  });

  it('stops it in mid-answer, and keeps what was said, marked as incomplete', async () => {
    model.completions = completions.paced(WORDS, 5);
    const { reader, turnId } = await ask('middle');
    await until(() => reader.text.length > 300);
    await cancel(turnId).expect(200);
    await modelLetGo();
    await reader.ended();
    const [, answer] = await messages('middle');
    expect(answer).toMatchObject({ role: 'assistant', turn_id: turnId, metadata: { incomplete: true } });
    expect(WORDS.join('').startsWith(answer.content)).toBe(true);
    expect(answer.content.length).toBeGreaterThan(300);
    expect(answer.content.startsWith(reader.text)).toBe(true);
    expect(reader.events.at(-1)!.data.message_id).toBe(answer.id);

    // The log, read again, tells the same.
    const again = await EventReader.open(`${operator.url}/operator/session/middle/events`);
    readers.push(again);
    await again.until('turn.cancelled');
    expect(again.text).toBe(answer.content);
    expect(again.events.map(({ seq }) => seq)).toEqual(again.events.map((_, index) => index + 1));
  });

  it('stops a tool that runs', async () => {
    model.completions = completions.calls([{ id: 'a', name: 'take_long', arguments: {} }]);
    const { reader, turnId } = await ask('tool');
    await reader.until('tool_call.started');
    await until(() => tools.running === 1);
    const aborted = tools.aborted;
    await cancel(turnId).expect(200);
    await until(() => tools.aborted === aborted + 1, 1_000);
    await reader.ended();
    expect(reader.types.slice(-2)).toEqual(['tool_call.finished', 'turn.cancelled']);
    expect(reader.events.at(-2)!.data).toMatchObject({ status: 'error', error: 'cancelled' });
    const { body } = await operator.get(`/operator/tool/calls?turn_id=${turnId}`).expect(200);
    expect(body.items).toEqual([
      expect.objectContaining({ tool_name: 'take_long', status: 'error', error: 'cancelled' }),
    ]);
  });

  it('is the same twice, and at the same time', async () => {
    model.completions = completions.paced(WORDS, 5);
    const { reader, turnId } = await ask('twice');
    const answers = await Promise.all([cancel(turnId), cancel(turnId), cancel(turnId)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await cancel(turnId).expect(200);
    await reader.ended();
    const log = await operator.rows(
      "SELECT type FROM operator_event WHERE session_id = 'twice' AND type = 'turn.cancelled'",
    );
    expect(log).toHaveLength(1);
  });

  it('is refused when the turn has ended', async () => {
    model.completions = completions.says('done');
    const { reader, turnId } = await ask('ended');
    await reader.ended();
    const { body } = await cancel(turnId).expect(409);
    expect(body).toMatchObject({ error: 'turn_finished', turn_status: 'succeeded' });
  });

  it.each([
    ['a turn that nobody knows', '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d', 404, 'turn_not_found'],
    ['what is no id', 'abc', 422, 'validation_failed'],
  ])('is refused for %s', async (_, id, status, error) => {
    expect((await cancel(id).expect(status)).body.error).toBe(error);
  });

  it('tells a client that waits for the answer', async () => {
    model.completions = completions.paced(WORDS, 5);
    const waiting = operator.chat({ session_id: 'waiting', message: 'hello' }).then((answer) => answer);
    await until(() => model.chats.length === 1);
    const { id } = (
      await operator.rows<{ id: string }>("SELECT id FROM operator_turn WHERE session_id = 'waiting'")
    )[0]!;
    await cancel(id).expect(200);
    const { status, body } = await waiting;
    expect(status).toBe(409);
    expect(body).toMatchObject({ error: 'turn_cancelled', turn_id: id });
  });

  it('makes room for the next one of the session', async () => {
    model.completions = completions.hang;
    const { turnId } = await ask('next');
    await until(() => model.chats.length === 1);
    model.completions = completions.says('here I am');
    const next = operator.chat({ session_id: 'next', message: 'and now?' }).then((answer) => answer);
    await cancel(turnId).expect(200);
    expect((await next).body.response).toBe('here I am');
  });

  it('lets the next turn know what was said', async () => {
    model.completions = completions.paced(WORDS, 5);
    const { reader, turnId } = await ask('told');
    await until(() => reader.text.length > 50);
    await cancel(turnId).expect(200);
    const [, { content }] = await messages('told');
    model.completions = completions.echo;
    await operator.chat({ session_id: 'told', message: 'go on' }).expect(200);
    expect(model.chats.at(-1)!.body.messages).toEqual([
      { role: 'user', content: 'hello' },
      { role: 'assistant', content },
      { role: 'user', content: 'go on' },
    ]);
  });

  it('does not happen because somebody hangs up', async () => {
    model.completions = completions.paced(WORDS.slice(0, 40), 5);
    const { reader, turnId } = await ask('gone');
    await until(() => reader.text.length > 20);
    reader.close();
    await until(async () => (await operator.get(`/operator/turn/${turnId}`)).body.status === 'succeeded');
    expect((await messages('gone'))[1].content).toBe(WORDS.slice(0, 40).join(''));
  });

  it('of a turn with a key is not undone by the same request', async () => {
    model.completions = completions.hang;
    const { turnId, reader } = await ask('keyed', 'cancelled-key');
    await cancel(turnId).expect(200);
    await reader.ended();
    const { body } = await operator
      .chat({ session_id: 'keyed', message: 'hello' }, { 'Idempotency-Key': 'cancelled-key' })
      .expect(409);
    expect(body).toMatchObject({ error: 'turn_cancelled', turn_id: turnId });
  });

  it('shows a refresh in mid-answer what was there', async () => {
    model.completions = completions.paced(WORDS.slice(0, 150), 5);
    const { reader } = await ask('refreshed');
    await until(() => reader.text.length > 200);
    const seen = reader.text;
    reader.close();
    const again = await EventReader.open(
      `${operator.url}/operator/session/refreshed/events?after=${reader.lastId ?? 0}`,
    );
    readers.push(again);
    await until(() => again.text.length >= seen.length, 300);
    await again.until('turn.succeeded');
    expect(again.text).toBe(WORDS.slice(0, 150).join(''));
  });
});
