import { FakeOpenAi, completions } from '../fakes/fake-openai';
import { FakeSite } from '../fakes/fake-site';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

// Browsers are slow where others work too.
jest.setTimeout(90_000);

describe('From a chat, the browser', () => {
  let site: FakeSite;
  let model: FakeOpenAi;
  let operator: TestApp;

  beforeAll(async () => {
    site = await FakeSite.start();
    model = await FakeOpenAi.start();
    operator = await createTestApp({
      ENGINE: 'openai,embedded',
      OPENAI_BASE_URL: model.baseUrl,
      OPENAI_MODEL: 'm',
      TOOL_APPROVAL: 'none',
      BROWSER_ALLOW_HOSTS: `127.0.0.1:${site.port}`,
    });
    site.page('/links', Array.from({ length: 600 }, (_, n) => `<p><a href="/l/${n}">Link ${n}</a></p>`).join(''));
  });
  afterAll(async () => {
    await operator.close();
    await model.stop();
    await site.stop();
  });

  /** What the model is told of a call that it makes, and the call as it is on record. */
  const call = async (sessionId: string, name: string, given: object) => {
    model.completions = completions.inTurn(
      completions.calls([{ id: 'a', name, arguments: given }]),
      completions.says('done'),
    );
    const { body } = await operator.chat({ session_id: sessionId, message: 'hello' }).expect(200);
    const { content } = model.chats.at(-1)!.body.messages.at(-1);
    return { told: content as string, call: body.tool_calls[0] };
  };
  const fenceOf = (told: string) =>
    /^The following is text of (\S+)\. .*\n<<<page (\w+)\n([\s\S]*)\n\2 page>>>$/.exec(told)!.slice(1);

  it('opens a page, whose words are fenced', async () => {
    const { told, call: made } = await call('open', 'browser_open', { url: `${site.url}/moved` });
    const [source, , text] = fenceOf(told);
    expect(source).toBe(`${site.url}/other`);
    expect(text).toBe(`Another\n${site.url}/other\n\nAnother page`);
    expect(made).toMatchObject({
      tool_name: 'browser_open',
      status: 'ok',
      error: null,
      result: {
        status: 'done',
        url: `${site.url}/moved`,
        final_url: `${site.url}/other`,
        title: 'Another',
        http_status: 200,
        text_bytes: 12,
        artifacts: [{ kind: 'snapshot', content_type: 'image/png' }],
        error: null,
      },
    });
    const { body: task } = await operator.get(`/operator/browser/task/${made.result.task_id}`).expect(200);
    expect(task).toMatchObject({ tool_call_id: made.id, session_id: 'open', effects: 'read' });
    await operator.get(made.result.snapshot_url).expect(200);
  });

  it('shows the beginning of a long page, and keeps the whole', async () => {
    const { told, call: made } = await call('long', 'browser_open', { url: `${site.url}/long` });
    expect(Buffer.byteLength(told)).toBeLessThan(10_000);
    const [, address] = /\[This is the beginning\. All of it, 200000 bytes, .*: (\S+)\]/.exec(told)!;
    expect(made.result.text_bytes).toBe(200_000);
    const whole = await operator.get(address!).expect(200);
    expect(whole.text).toBe('ä'.repeat(100_000));
  });

  it('extracts an element, an article, and links', async () => {
    const url = `${site.url}/`;
    const text = await call('extract', 'browser_extract', { url, selector: '#end' });
    expect(fenceOf(text.told)[2]).toBe(`Hello page\n${url}\n\nThe end.`);
    const markdown = await call('extract', 'browser_extract', { url, format: 'markdown' });
    expect(fenceOf(markdown.told)[2]).toContain('Some **bold** text with [a link]');
    const links = await call('extract', 'browser_extract', { url, format: 'links' });
    expect(fenceOf(links.told)[2]).toBe(`Hello page\n${url}\n\n${site.url}/other a link`);
  });

  it('lists the first of many links, none of them cut', async () => {
    const { told, call: made } = await call('links', 'browser_extract', { url: `${site.url}/links`, format: 'links' });
    const lines = fenceOf(told)[2]!.split('\n').slice(3);
    expect(lines.pop()).toMatch(/^\[This is the beginning\. .*\/operator\/artifact\/\d+\]$/);
    expect(lines.length).toBeGreaterThan(100);
    for (const [n, line] of lines.entries()) expect(line).toBe(`${site.url}/l/${n} Link ${n}`);
    expect(made.result.artifacts).toContainEqual(
      expect.objectContaining({ kind: 'links', content_type: 'application/json' }),
    );
  });

  it.each([
    ['of what is seen', {}, 'snapshot'],
    ['of the whole page', { full_page: true }, 'snapshot'],
    ['of an element', { selector: 'button' }, 'screenshot'],
  ])('takes one picture %s, which the model does not get', async (_, more, kind) => {
    const { told, call: made } = await call('picture', 'browser_screenshot', { url: `${site.url}/`, ...more });
    expect(made.result.artifacts).toEqual([expect.objectContaining({ kind, content_type: 'image/png' })]);
    const { url } = made.result.artifacts[0];
    expect(told).toContain(url);
    expect(Buffer.byteLength(told)).toBeLessThan(1_000);
    expect((await operator.get(url).expect(200)).headers['content-type']).toBe('image/png');
  });

  it('acts, tells how each step went, and does not show what was filled in', async () => {
    const actions = [
      { action: 'fill', selector: 'input[name=name]', value: 'top-secret' },
      { action: 'select', selector: 'select', value: 'l' },
      { action: 'click', selector: 'button' },
      { action: 'extract_text', selector: 'h1' },
    ];
    const { told, call: made } = await call('act', 'browser_act', { url: `${site.url}/`, actions });
    const text = fenceOf(told)[2]!;
    expect(text).toMatch(/2\. fill: done\n3\. select: done\n4\. click: done\n5\. extract_text: done\nSent\n\nSent$/);
    expect(made.result.steps.map(({ action, status }: any) => `${action} ${status}`)).toEqual([
      'goto done',
      'fill done',
      'select done',
      'click done',
      'extract_text done',
    ]);
    expect(JSON.stringify(made.result).replaceAll(/\?name=top-secret/g, '')).not.toContain('top-secret');
    const { body: task } = await operator.get(`/operator/browser/task/${made.result.task_id}`).expect(200);
    expect(task.effects).toBe('write');
  });

  it.each([
    ['a page that there is not', 'browser_open', { url: 'http://127.0.0.1:9/' }, /^url_not_allowed: /, null],
    ['a page of the network', 'browser_open', { url: 'http://10.0.0.1/' }, /^url_not_allowed: /, null],
    ['a page that breaks off', 'browser_open', { url: '/reset' }, /^navigation_failed: /, 'error'],
    ['what is no page', 'browser_open', { url: '/download' }, /^download_refused: /, 'error'],
  ])('says of %s why', async (_, name, { url }, error, status) => {
    const address = url.startsWith('/') ? `${site.url}${url}` : url;
    const { told, call: made } = await call('bad', name, { url: address });
    expect(made).toMatchObject({ status: 'error', error: expect.stringMatching(error) });
    expect(made.result?.status ?? null).toBe(status);
    expect(told).toBe(`It failed. ${made.error}`);
  });

  it('says of a step that cannot be done which were done before, as words that may be the page’s', async () => {
    const actions = [
      { action: 'fill', selector: 'input[name=name]', value: 'x' },
      { action: 'click', selector: 'form *' },
    ];
    const { told, call: made } = await call('failed', 'browser_act', { url: `${site.url}/`, actions });
    expect(made.error).toMatch(/^step_failed: click: .*Done before that: goto, fill\.$/);
    expect(made.result.steps.map(({ status }: any) => status)).toEqual(['done', 'done', 'error']);
    expect(fenceOf(told)[0]).toBe(`${site.url}/`);
  });

  it('ends its task with the turn that is cancelled', async () => {
    model.completions = completions.calls([
      { id: 'a', name: 'browser_open', arguments: { url: `${site.url}/silent` } },
    ]);
    const asked = operator.chat({ session_id: 'cancelled', message: 'hello' }).then((answer) => answer);
    const tasks = async () => (await operator.get('/operator/browser/tasks?session_id=cancelled')).body.items;
    await until(async () => (await tasks())[0]?.status === 'running');
    const [turn] = await operator.rows<{ id: string }>("SELECT id FROM operator_turn WHERE session_id = 'cancelled'");
    await operator.post(`/operator/turn/${turn!.id}/cancel`).expect(200);
    expect((await asked).body.error).toBe('turn_cancelled');
    await until(async () => (await tasks())[0].status === 'cancelled');
  });
});

describe('From a chat without a model, the browser', () => {
  let site: FakeSite;
  let operator: TestApp;

  beforeAll(async () => {
    site = await FakeSite.start();
    operator = await createTestApp({ BROWSER_ALLOW_HOSTS: `127.0.0.1:${site.port}` });
  });
  afterAll(async () => {
    await operator.close();
    await site.stop();
  });

  it('opens pages on /browse', async () => {
    const { body } = await operator.chat({ session_id: 'typed', message: `/browse ${site.url}/other` }).expect(200);
    expect(body.response).toBe(`Another\n${site.url}/other\n\nAnother page`);
    expect(body.tool_calls).toEqual([expect.objectContaining({ tool_name: 'browser_open', status: 'ok' })]);
  });

  it('says what is missing, and what may not be', async () => {
    const nothing = await operator.chat({ message: '/browse' }).expect(200);
    expect(nothing.body.response).toBe('The arguments do not fit. url: must not be empty.');
    const within = await operator.chat({ message: '/browse localhost' }).expect(200);
    expect(within.body.response).toMatch(/^It failed\. url_not_allowed: /);
  });
});
