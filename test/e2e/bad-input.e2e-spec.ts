import { gzipSync } from 'node:zlib';
import { expectProblem, rowCounts } from '../support/problem';
import { type RawRequest, rawRequest } from '../support/raw-request';
import { AUTH, type TestApp, createTestApp } from '../support/test-app';

const KIB = 1024;
const nested = (levels: number): Record<string, unknown> => (levels === 1 ? {} : { in: nested(levels - 1) });

describe('Bad input', () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp();
    await operator.chat({ message: 'hello', session_id: 'bystander' }).expect(200);
  });
  afterAll(() => operator.close());

  const send = (request: RawRequest) =>
    rawRequest(operator.url, { ...request, headers: { ...AUTH, ...request.headers } });
  const post = (body: string | Buffer, headers: RawRequest['headers'] = {}) =>
    send({ method: 'POST', path: '/operator/chat', body, headers: { 'Content-Type': 'application/json', ...headers } });
  const postChunked = (body: string) =>
    send({
      method: 'POST',
      path: '/operator/chat',
      body,
      chunked: true,
      headers: { 'Content-Type': 'application/json' },
    });

  describe('is refused, and nothing of it is stored:', () => {
    let stored: Record<string, number>;
    beforeEach(async () => void (stored = await rowCounts(operator)));
    afterEach(async () => expect(await rowCounts(operator)).toEqual(stored));

    const chat = { instance: '/operator/chat' };

    it.each([
      ['an unfinished object', '{"message": "hi"'],
      ['a bare word', 'hello'],
      ['single quotes', "{'message': 'hi'}"],
      ['a trailing comma', '{"message": "hi",}'],
      ['a raw newline in a text', '{"message": "h\ni"}'],
      ['two documents', '{"message": "hi"}{"message": "hi"}'],
      ['bytes that are not UTF-8', Buffer.from('{"message": "caf\xe9"}', 'latin1')],
    ])('malformed JSON, %s: 400', async (_, body) => {
      expectProblem(await post(body), { ...chat, status: 400, error: 'malformed_request' });
    });

    it.each([
      ['no body at all', undefined, ['message']],
      ['an empty object', '{}', ['message']],
      ['null', 'null', ['body']],
      ['an empty list', '[]', ['body']],
      ['a list of messages', '[{"message":"hi"}]', ['body']],
      ['a number', '5', ['body']],
      ['a text', '"x"', ['body']],
      ['true', 'true', ['body']],
    ])('a body that is %s: 422', async (_, body, fields) => {
      const answer = await send({
        method: 'POST',
        path: '/operator/chat',
        body,
        headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      });
      expectProblem(answer, { ...chat, status: 422, error: 'validation_failed', fields });
    });

    const WRONG: [field: string, values: unknown[]][] = [
      ['message', [null, 5, true, [], ['hi'], {}, { length: 1 }, '', ' \n\t\u3000', 'a\0b', 'half \ud83d', '\udc00']],
      [
        'session_id',
        [5, true, [], ['a'], {}, '', ' ', 'a b', 'a\nb', 'a\n', 'a/b', 'a\\b', 'é', '🙂', 'a\0', '.', '..', '../x'],
      ],
      ['session_id', ['x'.repeat(65)]],
      ['user_id', [5, true, [], ['ana'], {}, '', 'x'.repeat(65), 'a\0b', '\ud83d']],
      ['context_summary', [5, true, [], {}, 'a\0b', '\udc00']],
      ['metadata', [5, true, 'x', [], [{}], nested(17)]],
      ['provider_hint', [5, true, [], {}, 'x'.repeat(65), 'a\0b', '\ud83d']],
      ['on_busy', [5, true, [], {}, 'later', '']],
    ];
    const wrongValues = WRONG.flatMap(([field, values]) =>
      values.map((value) => [field, JSON.stringify(value).slice(0, 40), value] as const),
    );
    it.each(wrongValues)('%s: %s is 422', async (field, _, value) => {
      const answer = await post(JSON.stringify({ message: 'hi', [field]: value }));
      expectProblem(answer, { ...chat, status: 422, error: 'validation_failed', fields: [field] });
    });

    it('several wrong fields at once, each named', async () => {
      const answer = await post('{"message": 5, "user_id": [], "metadata": "x", "session_id": "a b"}');
      const fields = ['message', 'metadata', 'session_id', 'user_id'];
      expectProblem(answer, { ...chat, status: 422, error: 'validation_failed', fields });
    });

    it.each([
      ['a message of 33 KiB', { message: 'x'.repeat(33 * KIB) }],
      ['a message of 32 KiB and a byte', { message: 'x'.repeat(32 * KIB + 1) }],
      ['a message of few characters and too many bytes', { message: '€'.repeat(10_923) }],
      ['a context summary of 33 KiB', { message: 'hi', context_summary: 'x'.repeat(33 * KIB) }],
      ['metadata of 16 KiB and a byte', { message: 'hi', metadata: { k: 'x'.repeat(16 * KIB - 7) } }],
      ['a body of 300 KiB', { message: 'x'.repeat(300 * KIB) }],
      ['a body of 300 KiB in a field that nobody knows', { message: 'hi', unknown: 'x'.repeat(300 * KIB) }],
    ])('%s: 413', async (_, body) => {
      expectProblem(await post(JSON.stringify(body)), { ...chat, status: 413, error: 'payload_too_large' });
    });

    it('a body of 300 KiB that does not say how long it is: 413', async () => {
      const answer = await postChunked(JSON.stringify({ message: 'x'.repeat(300 * KIB) }));
      expectProblem(answer, { ...chat, status: 413, error: 'payload_too_large' });
    });

    it.each([
      ['text', 'text/plain', '{"message":"hi"}'],
      ['a form', 'application/x-www-form-urlencoded', 'message=hi'],
      ['multipart', 'multipart/form-data; boundary=x', '--x--'],
      ['no type at all', undefined, '{"message":"hi"}'],
      ['JSON in Latin-1', 'application/json; charset=latin1', '{"message":"hi"}'],
      ['JSON in UTF-16', 'application/json; charset=utf-16le', Buffer.from('{"message":"hi"}', 'utf16le')],
      ['a type that only begins like JSON', 'application/jsonp', '{"message":"hi"}'],
    ])('%s as content type: 415', async (_, type, body) => {
      const headers: Record<string, string> = type ? { 'Content-Type': type } : {};
      const answer = await send({ method: 'POST', path: '/operator/chat', body, headers });
      expectProblem(answer, { ...chat, status: 415, error: 'unsupported_media_type' });
    });

    it.each([
      ['gzip', gzipSync('{"message":"hi"}')],
      ['br', Buffer.from('{"message":"hi"}')],
    ])('a body compressed with %s: 415', async (encoding, body) => {
      const answer = await post(body, { 'Content-Encoding': encoding });
      expectProblem(answer, { ...chat, status: 415, error: 'unsupported_media_type' });
    });

    const DEEP = 100_000;
    it.each([
      ['lists in metadata', `{"message":"hi","metadata":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
      ['objects in metadata', `{"message":"hi","metadata":${'{"":'.repeat(40_000)}0${'}'.repeat(40_000)}}`],
      ['lists in a field that nobody knows', `{"message":"hi","x":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
      ['lists in the place of the message', `{"message":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`],
      ['lists in the place of the body', `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`],
    ])('a body of 100,000 levels, %s: 422', async (_, body) => {
      const answer = await post(body);
      expectProblem(answer, { ...chat, status: 422, error: 'validation_failed', fields: ['body'] });
    });

    it.each([
      ['256 characters', 'k'.repeat(256)],
      ['a space', 'a b'],
      ['nothing', ''],
      ['letters beyond ASCII', 'sch\xf6n'],
    ])('an Idempotency-Key of %s: 422', async (_, key) => {
      const answer = await post('{"message":"hi"}', { 'Idempotency-Key': key });
      expectProblem(answer, { ...chat, status: 422, error: 'validation_failed', fields: ['Idempotency-Key'] });
    });

    it('two Idempotency-Keys: 422', async () => {
      const answer = await post('{"message":"hi"}', { 'Idempotency-Key': ['one', 'two'] });
      expectProblem(answer, { ...chat, status: 422, error: 'validation_failed', fields: ['Idempotency-Key'] });
    });
  });

  describe('in a path or a query is refused:', () => {
    it.each([
      ['a path that nobody knows', 'GET', '/nope', 404, 'not_found'],
      ['another, malformed too', 'GET', '/nope/%zz', 404, 'not_found'],
      ['the root', 'GET', '/', 404, 'not_found'],
      ['a folder of paths', 'GET', '/operator', 404, 'not_found'],
      ['a session without a name', 'GET', '/operator/session/', 404, 'not_found'],
      ['a session behind a slash', 'GET', '/operator/session/a/b', 404, 'not_found'],
      ['percent signs that encode nothing', 'GET', '/operator/session/%zz', 400, 'malformed_request'],
      ['half a UTF-8 sequence', 'GET', '/operator/session/%F0%9F', 400, 'malformed_request'],
      ['a session id with a slash', 'GET', '/operator/session/a%2Fb', 404, 'session_not_found'],
      ['a session id with a newline', 'GET', '/operator/session/a%0Ab', 404, 'session_not_found'],
      ['a session id that is an emoji', 'GET', '/operator/session/%F0%9F%99%82', 404, 'session_not_found'],
      ['a session called .', 'GET', '/operator/session/.', 404, 'session_not_found'],
      ['a session called ..', 'GET', '/operator/session/..', 404, 'session_not_found'],
      ['SQL for a session id', 'GET', "/operator/session/x'%20OR%20'1'='1", 404, 'session_not_found'],
      ['an export of nothing', 'GET', '/operator/session/nobody/export', 404, 'session_not_found'],
      ['an erasure of nothing', 'DELETE', '/operator/session/nobody', 404, 'session_not_found'],
      ['a turn that is not there', 'GET', '/operator/turn/6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d', 404, 'turn_not_found'],
    ])('%s: %s %s is %i', async (_, method, path, status, error) => {
      expectProblem(await send({ method, path }), { status, error, instance: path });
    });

    it.each([
      ['PUT', '/operator/chat', 'POST'],
      ['GET', '/operator/chat', 'POST'],
      ['POST', '/operator/sessions', 'GET'],
      ['PATCH', '/operator/session/bystander', 'DELETE, GET'],
      ['DELETE', '/operator/session/bystander/export', 'GET'],
      ['POST', '/health', 'GET'],
      ['PROPFIND', '/operator/sessions', 'GET'],
    ])('the wrong method: %s %s is 405 and says %s', async (method, path, allowed) => {
      const answer = await send({ method, path });
      expectProblem(answer, { status: 405, error: 'method_not_allowed', instance: path });
      expect(answer.headers['allow']).toBe(allowed);
    });

    const path = '/operator/session/bystander';
    it.each([
      ['/operator/sessions?limit=0', 'limit'],
      ['/operator/sessions?limit=-1', 'limit'],
      ['/operator/sessions?limit=1.5', 'limit'],
      ['/operator/sessions?limit=ten', 'limit'],
      ['/operator/sessions?limit=', 'limit'],
      ['/operator/sessions?limit=201', 'limit'],
      ['/operator/sessions?limit=1e999', 'limit'],
      ['/operator/sessions?limit=1&limit=2', 'limit'],
      ['/operator/sessions?cursor=', 'cursor'],
      ['/operator/sessions?cursor=42', 'cursor'],
      ['/operator/sessions?cursor=%00', 'cursor'],
      [`/operator/sessions?cursor=${Buffer.from('p99999999999').toString('base64url')}`, 'cursor'],
      [`/operator/sessions?cursor=${'x'.repeat(65)}`, 'cursor'],
      ['/operator/sessions?cursor=a&cursor=b', 'cursor'],
      ['/operator/sessions?q=', 'q'],
      ['/operator/sessions?q=%00', 'q'],
      ['/operator/sessions?q=a&q=b', 'q'],
      [`/operator/sessions?q=${'x'.repeat(201)}`, 'q'],
      ['/operator/sessions?user_id=a%00', 'user_id'],
      [`/operator/sessions?user_id=${'x'.repeat(65)}`, 'user_id'],
      [`${path}?limit=0`, 'limit'],
      [`${path}?limit=1001`, 'limit'],
      [`${path}?limit=NaN`, 'limit'],
      [`${path}?cursor=nope`, 'cursor'],
      [`${path}/export?format=pdf`, 'format'],
      [`${path}/export?format=`, 'format'],
      [`/operator/session/${'x'.repeat(65)}`, 'session_id'],
      ['/operator/session/a%00b', 'session_id'],
      ['/operator/turn/nope', 'turn_id'],
    ])('%s is 422', async (url, field) => {
      const [instance] = url.split('?');
      expectProblem(await send({ path: url }), {
        status: 422,
        error: 'validation_failed',
        instance: instance!,
        fields: [field],
      });
    });
  });

  describe('is what it seems, but is not:', () => {
    const metadataOf = async (sessionId: string) => {
      const { body } = await operator.get(`/operator/session/${sessionId}`).expect(200);
      return body.messages[0].metadata as unknown;
    };

    it.each([
      ['a message of exactly 32 KiB', { message: 'x'.repeat(32 * KIB) }],
      ['a message of exactly 32 KiB of two-byte characters', { message: 'é'.repeat(16 * KIB) }],
      ['metadata of exactly 16 KiB', { message: 'hi', metadata: { k: 'x'.repeat(16 * KIB - 8) } }],
      ['metadata of 16 levels', { message: 'hi', metadata: nested(16) }],
      ['a session id of 64 characters', { message: 'hi', session_id: 'Az09._:-'.repeat(8) }],
      ['a session id of three dots', { message: 'hi', session_id: '...' }],
      ['a user id of 64 emojis', { message: 'hi', user_id: '🙂'.repeat(64) }],
      ['fields that nobody knows', { message: 'hi', stream: true, model: { name: 'x' }, id: [1] }],
      ['a body of 250 KiB', { message: 'hi', unknown: 'x'.repeat(250 * KIB) }],
    ])('%s is answered', async (_, body) => {
      await operator.chat(body).expect(200);
    });

    it('null says the same as nothing in every field that may be missing', async () => {
      const { body } = await operator
        .chat({
          message: 'hi',
          session_id: null,
          user_id: null,
          context_summary: null,
          metadata: null,
          provider_hint: null,
          on_busy: null,
        })
        .expect(200);
      const { body: session } = await operator.get(`/operator/session/${body.session_id}`).expect(200);
      expect(session).toMatchObject({ user_id: 'local', messages: [{ metadata: null }, {}] });
    });

    it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/vnd.vx11+json'])(
      'the content type %s is JSON',
      async (type) => {
        expect((await post('{"message":"hi"}', { 'Content-Type': type })).status).toBe(200);
      },
    );

    it('a body that does not say how long it is is read all the same', async () => {
      expect((await postChunked('{"message":"hi"}')).status).toBe(200);
    });

    it('an Idempotency-Key of 255 characters is a key', async () => {
      expect((await post('{"message":"hi"}', { 'Idempotency-Key': '~'.repeat(255) })).status).toBe(200);
    });

    it.each([
      ['__proto__', '{"__proto__":{"isAdmin":true},"deep":[{"__proto__":1}]}'],
      ['constructor', '{"constructor":"Ferrari","deep":{"constructor":{"prototype":{"isAdmin":true}}}}'],
      ['prototype', '{"prototype":"v2","toString":1,"hasOwnProperty":null,"then":"later","length":-1}'],
    ])('metadata may use the name %s: it is kept as data and harms nothing', async (name, metadata) => {
      const sessionId = `keys-${name}`;
      const answer = await post(`{"message":"hi","session_id":"${sessionId}","metadata":${metadata}}`);

      expect(answer.status).toBe(200);
      expect(JSON.stringify(await metadataOf(sessionId))).toBe(metadata);
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    });

    it('such names beside the fields of a request are nothing at all', async () => {
      const names = '"__proto__":{"user_id":"eve"},"constructor":"x","prototype":{"constructor":5}';
      const body = `{"message":"hi","session_id":"beside","unknown":{${names}},${names}}`;
      expect((await post(body)).status).toBe(200);
      expect((await operator.get('/operator/session/beside')).body.user_id).toBe('local');
    });

    it('metadata keeps texts that no column could hold by themselves', async () => {
      const metadata = { nul: 'a\0b', half: '\ud83d', line: '\u2028', 'a\0key': '🙂' };
      await operator.chat({ message: 'hi', session_id: 'texts', metadata }).expect(200);
      expect(await metadataOf('texts')).toEqual(metadata);
    });
  });

  it('leaves the bystander as it was', async () => {
    const { body } = await operator.get('/operator/session/bystander').expect(200);
    expect(body.message_count).toBe(2);
  });
});
