import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeSwitch, answers } from '../fakes/fake-switch';
import { createTestDatabase, isPostgres, migrate } from '../support/database';
import { expectProblem, rowCounts } from '../support/problem';
import { type TestApp, createTestApp } from '../support/test-app';
import { until } from '../support/until';

const PATH = '/operator/switch/adjustment';
const SET_DEFAULT = 'POST /switch/admin/set_default_model';
const PRELOAD = 'POST /switch/admin/preload_model';
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

const nested = (levels: number): Record<string, unknown> => (levels === 1 ? {} : { in: nested(levels - 1) });

describe('Adjustments', () => {
  let upstream: FakeSwitch;
  let operator: TestApp;
  let routes: FakeSwitch['routes'];
  let userMessage: number;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
    routes = { ...upstream.routes };
    operator = await createTestApp({
      SWITCH_URL: upstream.url,
      SWITCH_TIMEOUT_MS: '1000',
      // Failures here are each test's own.
      BREAKER_FAILURES: '1000',
      DATABASE_SYNCHRONOUS: 'normal',
    });
    for (const session_id of ['support', 'other']) await operator.chat({ message: 'hi', session_id }).expect(200);
    userMessage = (await operator.get('/operator/session/support').expect(200)).body.messages[0].id as number;
  });
  beforeEach(() => {
    Object.assign(upstream.routes, routes);
    upstream.calls.length = 0;
  });
  afterAll(async () => {
    await operator.close();
    await upstream.stop();
  });

  const anAdjustment = (fields: object = {}) => ({
    session_id: 'support',
    before_config: { default_model: 'general-7b' },
    after_config: { default_model: 'audio-engineering' },
    reason: 'too shallow',
    ...fields,
  });
  const record = async (fields: object = {}): Promise<number> =>
    (await operator.post(PATH, anAdjustment(fields)).expect(201)).body.adjustment_id as number;
  const read = async (id: number) => (await operator.get(`${PATH}/${id}`).expect(200)).body;
  const apply = (id: number | string) => operator.post(`${PATH}/${id}/apply`);
  /** Turns are told to Switch as well, some time after they ended. */
  const adminCalls = () => upstream.calls.filter(({ path }) => path.startsWith('/switch/admin/'));
  const told = () => adminCalls().map(({ path, body }) => [path.split('/').at(-1), body]);
  /** Switch answers when it is let. */
  const hold = (): (() => void) => {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    upstream.routes[SET_DEFAULT] = (call, response) => released.then(() => routes[SET_DEFAULT]!(call, response));
    return release;
  };
  const events = async (sessionId: string) =>
    (
      await operator.rows<{ seq: number; type: string; data: string }>(
        `SELECT seq, type, data FROM operator_event WHERE session_id = '${sessionId}' ORDER BY seq`,
      )
    ).map(({ seq, type, data }) => ({ seq, type, data: JSON.parse(data) }));

  describe('recording one', () => {
    it('keeps it, as it came, not applied', async () => {
      const before_config = JSON.parse(
        '{"__proto__": {"a": 1}, "constructor": null, "": [1.5, "é\\u0000"], "x y": {}}',
      );
      const after_config = { default_model: 'audio-engineering', temperature: 0.7 };
      const answer = await operator
        .post(PATH, anAdjustment({ message_id: userMessage, before_config, after_config }))
        .expect(201);

      const { adjustment_id } = answer.body;
      expect(answer.body).toEqual({
        status: 'ok',
        adjustment_id: expect.any(Number),
        session_id: 'support',
        message_id: userMessage,
        created_at: TIME,
      });
      expect(answer.headers['location']).toBe(`${PATH}/${adjustment_id}`);
      const found = await operator.get(answer.headers['location']!).expect(200);
      expect(found.text).toContain('"__proto__":{"a":1}');
      expect(found.body).toEqual({
        adjustment_id,
        session_id: 'support',
        message_id: userMessage,
        before_config,
        after_config,
        reason: 'too shallow',
        applied: false,
        applied_at: null,
        apply_error: null,
        created_at: answer.body.created_at,
      });
      expect(adminCalls()).toEqual([]);
    });

    it('is an event of its session, and the last thing that happened there', async () => {
      await operator.chat({ message: 'hi', session_id: 'events' }).expect(200);
      const { body } = await operator.post(PATH, anAdjustment({ session_id: 'events' })).expect(201);

      const [last] = (await events('events')).slice(-1);
      expect(last).toEqual({
        seq: 7,
        type: 'adjustment.created',
        data: { adjustment_id: body.adjustment_id, message_id: null },
      });
      const { body: session } = await operator.get('/operator/session/events').expect(200);
      expect(session.updated_at).toBe(body.created_at);
    });

    describe('is refused, and nothing of it is stored:', () => {
      let stored: Record<string, number>;
      beforeEach(async () => void (stored = await rowCounts(operator)));
      afterEach(async () => expect(await rowCounts(operator)).toEqual(stored));

      it('for a session that is not there', async () => {
        const answer = await operator.post(PATH, anAdjustment({ session_id: 'nobody' }));
        expectProblem(answer, { status: 404, error: 'session_not_found', instance: PATH });
      });

      it('for a message that is not there', async () => {
        const answer = await operator.post(PATH, anAdjustment({ message_id: 2_147_483_647 }));
        expectProblem(answer, { status: 404, error: 'message_not_found', instance: PATH });
      });

      it('for a message of another session', async () => {
        const before = (await operator.get('/operator/session/other')).body.updated_at;
        const answer = await operator.post(PATH, anAdjustment({ session_id: 'other', message_id: userMessage }));
        expectProblem(answer, { status: 404, error: 'message_not_found', instance: PATH });
        expect((await operator.get('/operator/session/other')).body.updated_at).toBe(before);
      });

      const WRONG: [field: string, values: unknown[]][] = [
        ['before_config', [undefined, null, 'x', 5, true, [], [{}], nested(17)]],
        ['after_config', [undefined, null, '{}', 5, false, [], [{}], nested(17)]],
        ['session_id', [undefined, null, 5, [], {}, 'a\0', 'x'.repeat(65)]],
        ['message_id', [0, -1, 1.5, '1', true, [], {}, 2_147_483_648]],
        ['reason', [undefined, null, 5, [], '', ' \n', 'a\0b', '\ud83d', 'x'.repeat(4_097)]],
      ];
      const wrong = WRONG.flatMap(([field, values]) =>
        values.map((value) => [field, String(JSON.stringify(value)).slice(0, 40), value] as const),
      );
      it.each(wrong)('with %s: %s', async (field, _, value) => {
        const answer = await operator.post(PATH, anAdjustment({ [field]: value }));
        expectProblem(answer, { status: 422, error: 'validation_failed', instance: PATH, fields: [field] });
      });

      it.each(['before_config', 'after_config'])('with a %s of 16 KiB and a byte', async (field) => {
        const answer = await operator.post(PATH, anAdjustment({ [field]: { k: 'x'.repeat(16 * 1024 - 7) } }));
        expectProblem(answer, { status: 413, error: 'payload_too_large', instance: PATH });
        expect(answer.body.detail).toBe(`${field} may have at most 16384 bytes.`);
      });
    });

    it('takes as much as is allowed', async () => {
      const full = { k: 'x'.repeat(16 * 1024 - 8) };
      const fields = { before_config: full, after_config: nested(16), reason: 'x'.repeat(4_096) };
      expect(await read(await record(fields))).toMatchObject(fields);
    });
  });

  describe('recording one as clients of the original do', () => {
    const configs = { before_config: { a: 1 }, after_config: { a: 2 } };

    it('takes from the query what the body does not have', async () => {
      const query = new URLSearchParams({ session_id: 'support', message_id: String(userMessage), reason: 'a & b' });
      const { body } = await operator.post(`${PATH}?${query}`, configs).expect(201);
      expect(await read(body.adjustment_id)).toMatchObject({
        session_id: 'support',
        message_id: userMessage,
        reason: 'a & b',
        ...configs,
      });
    });

    it('believes the body where it has a field too', async () => {
      const query = new URLSearchParams({ session_id: 'nobody', message_id: '999', reason: 'query' });
      const { body } = await operator
        .post(`${PATH}?${query}`, anAdjustment({ message_id: userMessage, reason: 'body' }))
        .expect(201);
      expect(await read(body.adjustment_id)).toMatchObject({
        session_id: 'support',
        message_id: userMessage,
        reason: 'body',
      });
    });

    it.each([
      ['session_id=a&session_id=b&reason=x', ['session_id']],
      ['session_id=support&reason=', ['reason']],
      ['session_id=support&reason=x&message_id=1e3', ['message_id']],
      ['session_id=support&reason=x&message_id=', ['message_id']],
      ['session_id=support&reason=x&message_id=99999999999', ['message_id']],
      ['reason=x', ['session_id']],
    ])('checks what it takes: %s', async (query, fields) => {
      const answer = await operator.post(`${PATH}?${query}`, configs);
      expectProblem(answer, { status: 422, error: 'validation_failed', instance: PATH, fields });
    });

    it('takes no configuration from there', async () => {
      const answer = await operator.post(`${PATH}?session_id=support&reason=x&before_config={}&after_config={}`, {});
      const fields = ['after_config', 'before_config'];
      expectProblem(answer, { status: 422, error: 'validation_failed', instance: PATH, fields });
    });
  });

  describe('recording one with an Idempotency-Key', () => {
    const send = (key: string, body: object, path = PATH) => operator.post(path, body).set('Idempotency-Key', key);
    const count = async () => (await rowCounts(operator)).operator_switch_adjustment!;

    it('gives the first answer again, also when it has been applied meanwhile', async () => {
      const first = await send('again', anAdjustment()).expect(201);
      await apply(first.body.adjustment_id).expect(200);
      const stored = await rowCounts(operator);
      const second = await send('again', anAdjustment()).expect(201);

      expect(first.headers['idempotency-replayed']).toBeUndefined();
      expect(second.headers['idempotency-replayed']).toBe('true');
      expect(second.text).toBe(first.text);
      expect(second.headers['location']).toBe(first.headers['location']);
      expect(await rowCounts(operator)).toEqual(stored);
    });

    it('knows a request in either form', async () => {
      const { session_id, reason, ...configs } = anAdjustment();
      const first = await send('form', anAdjustment()).expect(201);
      const second = await send('form', configs, `${PATH}?session_id=${session_id}&reason=${reason}`).expect(201);
      expect(second.body).toEqual(first.body);
    });

    it.each([
      ['session', { session_id: 'other' }],
      ['message', { message_id: 1 }],
      ['configuration', { after_config: { default_model: 'b' } }],
      ['reason', { reason: 'another' }],
    ])('refuses a key that came with another %s', async (what, other) => {
      await send(`reused-${what}`, anAdjustment()).expect(201);
      const answer = await send(`reused-${what}`, anAdjustment(other));
      expectProblem(answer, { status: 422, error: 'idempotency_key_reused', instance: PATH });
    });

    it('makes one of thirty at the same time', async () => {
      const before = await count();
      const replies = await Promise.all(Array.from({ length: 30 }, () => send('thirty', anAdjustment()).expect(201)));
      expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
      expect(replies.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
      expect(await count()).toBe(before + 1);
    });

    it('remembers nothing of a request that was refused', async () => {
      await send('refused', anAdjustment({ session_id: 'late' })).expect(404);
      await operator.chat({ message: 'hi', session_id: 'late' }).expect(200);
      await send('refused', anAdjustment({ session_id: 'late' })).expect(201);
    });

    it('forgets a key after 24 hours', async () => {
      const { body: first } = await send('day', anAdjustment()).expect(201);
      const age = async (hours: number) => {
        const at = new Date(Date.now() - hours * 3_600_000).toISOString().replace('T', ' ').slice(0, -1);
        await operator.rows(
          `UPDATE operator_switch_adjustment SET created_at = '${at}000' WHERE id = ${first.adjustment_id}`,
        );
      };
      await age(23.9);
      expect((await send('day', anAdjustment()).expect(201)).body.adjustment_id).toBe(first.adjustment_id);
      await age(24.1);
      const { body: second } = await send('day', anAdjustment({ reason: 'another' })).expect(201);
      expect(second.adjustment_id).toBeGreaterThan(first.adjustment_id);
      expect((await send('day', anAdjustment({ reason: 'another' }))).body).toEqual(second);
      expect(await read(first.adjustment_id)).toMatchObject({ reason: 'too shallow' });
    });

    it('refuses a key that is none', async () => {
      const answer = await send('two words', anAdjustment());
      const fields = ['Idempotency-Key'];
      expectProblem(answer, { status: 422, error: 'validation_failed', instance: PATH, fields });
    });

    it('remembers over a restart', async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'operator-adjustment-'));
      const database = await createTestDatabase();
      const env = { DATA_DIR: dataDir, ...(database.url && { DATABASE_URL: database.url }) };
      const post = (app: TestApp) => app.post(PATH, anAdjustment()).set('Idempotency-Key', 'restart').expect(201);
      let first = await createTestApp(env);
      await first.chat({ message: 'hi', session_id: 'support' }).expect(200);
      const { text } = await post(first);
      await first.close();
      first = await createTestApp(env);
      expect((await post(first)).text).toBe(text);
      await first.close();
      await database.drop();
      rmSync(dataDir, { recursive: true });
    });
  });

  describe('listing them', () => {
    let ids: number[];
    let ours: number;
    beforeAll(async () => {
      for (const session_id of ['listed', 'listed-too']) {
        await operator.chat({ message: 'hi', session_id }).expect(200);
      }
      ours = (await operator.get('/operator/session/listed')).body.messages[0].id as number;
      ids = [];
      for (let n = 0; n < 7; n++) {
        ids.push(await record({ session_id: 'listed', ...(n % 2 && { message_id: ours }) }));
        await record({ session_id: 'listed-too' });
      }
      for (const id of ids.slice(0, 3)) await apply(id).expect(200);
    });
    const found = async (query: string) =>
      ((await operator.get(`/operator/switch/adjustments?${query}`).expect(200)).body.items as any[]).map(
        ({ adjustment_id }) => adjustment_id as number,
      );

    it.each([
      ['session', () => 'session_id=listed', [6, 5, 4, 3, 2, 1, 0]],
      ['message', () => `message_id=${ours}`, [5, 3, 1]],
      ['session, those applied', () => 'session_id=listed&applied=true', [2, 1, 0]],
      ['session, those not applied', () => 'session_id=listed&applied=false', [6, 5, 4, 3]],
      ['message, those applied', () => `message_id=${ours}&applied=true`, [1]],
      ['session that is not there', () => 'session_id=nobody', []],
    ])('has the newest first, by %s', async (_, query, expected) => {
      expect(await found(query())).toEqual(expected.map((n) => ids[n]));
    });

    it('shows each as it is shown alone', async () => {
      const { body } = await operator.get('/operator/switch/adjustments?session_id=listed').expect(200);
      expect(body.items[0]).toEqual(await read(ids[6]!));
      expect(body.items.at(-1)).toEqual(await read(ids[0]!));
      expect(body.next_cursor).toBeNull();
    });

    it.each([1, 2, 3, 7, 8])('has each once in pages of %i', async (limit) => {
      const seen: number[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { body }: { body: any } = await operator
          .get(`/operator/switch/adjustments?session_id=listed&limit=${limit}${cursor && `&cursor=${cursor}`}`)
          .expect(200);
        seen.push(...(body.items as any[]).map(({ adjustment_id }) => adjustment_id as number));
        cursor = body.next_cursor as string | null;
      }
      expect(seen).toEqual(ids.toReversed());
    });

    it.each([
      ['limit=0', 'limit'],
      ['limit=201', 'limit'],
      ['cursor=x', 'cursor'],
      ['message_id=0', 'message_id'],
      ['message_id=1e3', 'message_id'],
      ['message_id=2147483648', 'message_id'],
      ['applied=yes', 'applied'],
      ['applied=1', 'applied'],
      ['applied=', 'applied'],
      ['session_id=%00', 'session_id'],
    ])('refuses %s', async (query, field) => {
      const instance = '/operator/switch/adjustments';
      const answer = await operator.get(`${instance}?${query}`);
      expectProblem(answer, { status: 422, error: 'validation_failed', instance, fields: [field] });
    });

    it.each(['999999', '2147483647'])('does not know number %s', async (id) => {
      expectProblem(await operator.get(`${PATH}/${id}`), {
        status: 404,
        error: 'adjustment_not_found',
        instance: `${PATH}/${id}`,
      });
    });

    it.each(['0', '-1', '1.5', '01e1', 'x', '2147483648', '99999999999999999999'])(
      'refuses %s as a number',
      async (id) => {
        const refused = { status: 422, error: 'validation_failed', fields: ['adjustment_id'] };
        expectProblem(await operator.get(`${PATH}/${id}`), { ...refused, instance: `${PATH}/${id}` });
        expectProblem(await apply(id), { ...refused, instance: `${PATH}/${id}/apply` });
      },
    );
  });

  describe('applying one', () => {
    it('tells Switch both models, and says when', async () => {
      const after_config = { preload_model: 'audio-engineering', temperature: 1, default_model: 'general-7b' };
      const id = await record({ after_config });
      const { body } = await apply(id).expect(200);

      expect(told()).toEqual([
        ['set_default_model', { model_name: 'general-7b' }],
        ['preload_model', { model_name: 'audio-engineering' }],
      ]);
      expect(body).toMatchObject({ adjustment_id: id, applied: true, applied_at: TIME, apply_error: null });
      expect(await read(id)).toEqual(body);
      const [last] = (await events('support')).slice(-1);
      expect(last).toMatchObject({ type: 'adjustment.applied', data: { adjustment_id: id } });
    });

    it('is done once', async () => {
      const id = await record();
      await apply(id).expect(200);
      const before = await read(id);
      expectProblem(await apply(id), {
        status: 409,
        error: 'adjustment_applied',
        instance: `${PATH}/${id}/apply`,
      });
      expect(adminCalls()).toHaveLength(1);
      expect(await read(id)).toEqual(before);
    });

    it('is done once of twenty at the same time', async () => {
      const release = hold();
      const id = await record();
      let answered = 0;
      const once = async () => {
        const reply = await apply(id);
        if (++answered === 19) release();
        return reply;
      };
      const replies = await Promise.all(Array.from({ length: 20 }, once));

      expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const { status, body, headers } of replies.filter(({ status }) => status !== 200)) {
        expect({ status, error: body.error }).toEqual({ status: 409, error: 'adjustment_in_progress' });
        expect(headers['retry-after']).toBe('1');
      }
      expect(adminCalls()).toHaveLength(1);
      expect((await events('support')).filter(({ data }) => data.adjustment_id === id)).toHaveLength(2);
    });

    const CONFIGS: [string, object, RegExp][] = [
      ['nothing that Switch understands', { temperature: 0.7 }, /nothing to apply/],
      ['nothing at all', {}, /nothing to apply/],
      ['a model that is a number', { default_model: 5 }, /default_model must have 1 to 256 characters/],
      ['a model without a name', { default_model: '' }, /default_model must have 1 to 256 characters/],
      ['one model that is a list', { default_model: 'a', preload_model: ['b'] }, /preload_model must have/],
    ];
    it.each(CONFIGS)('is refused for %s, which names what Switch understands', async (_, after_config, why) => {
      const id = await record({ after_config });
      for (let attempt = 0; attempt < 2; attempt++) {
        const answer = await apply(id);
        expectProblem(answer, {
          status: 422,
          error: 'adjustment_not_applicable',
          instance: `${PATH}/${id}/apply`,
        });
        expect(answer.body.detail).toMatch(why);
        expect(answer.body.detail).toMatch(/default_model and preload_model/);
      }
      expect(adminCalls()).toEqual([]);
      expect(await read(id)).toMatchObject({ applied: false, apply_error: null });
    });

    it('is refused for one that is not there', async () => {
      const instance = `${PATH}/999999/apply`;
      expectProblem(await apply(999_999), { status: 404, error: 'adjustment_not_found', instance });
    });

    const REFUSALS: [string, (typeof answers)['null'], number, string][] = [
      ['does not have the model', answers.modelNotFound, 422, 'model_not_found'],
      ['does not have the endpoint', answers.noSuchPath, 502, 'switch_unsupported'],
      ['does not accept the token', answers.unauthorized, 502, 'switch_auth_failed'],
      ['fails', answers.plain500, 502, 'switch_error'],
      ['answers null', answers.null, 502, 'switch_bad_reply'],
      ['answers HTML', answers.html, 502, 'switch_bad_reply'],
      ['answers an error with 200', answers.errorWith200, 502, 'switch_bad_reply'],
      ['is throttled', answers.throttled, 503, 'switch_throttled'],
      ['resets the connection', answers.reset, 503, 'switch_unavailable'],
      ['hangs', answers.hang, 504, 'switch_timeout'],
    ];
    it.each(REFUSALS)('a Switch that %s leaves it unapplied, with the reason', async (_, answer, status, error) => {
      upstream.routes[SET_DEFAULT] = answer;
      const id = await record();
      const { status: answered, body } = await apply(id);

      expect({ status: answered, error: body.error }).toEqual({ status, error });
      expect(body).toMatchObject({ adjustment_id: id, session_id: 'support', key: 'default_model', done: null });
      expect(await read(id)).toMatchObject({
        applied: false,
        applied_at: null,
        apply_error: { error, detail: body.detail, key: 'default_model', done: [] },
      });

      upstream.routes[SET_DEFAULT] = routes[SET_DEFAULT]!;
      const { body: applied } = await apply(id).expect(200);
      expect(applied).toMatchObject({ applied: true, apply_error: null });
    });

    it('a Switch that is down leaves it unapplied, with the reason', async () => {
      const id = await record();
      await upstream.stop();
      const { body } = await apply(id).expect(503);
      await upstream.listen();
      expect(body.error).toBe('switch_unavailable');
      expect(await read(id)).toMatchObject({ applied: false, apply_error: { error: 'switch_unavailable', done: [] } });
      await apply(id).expect(200);
    });

    it('says what Switch had done before it refused', async () => {
      upstream.routes[PRELOAD] = answers.modelNotFound;
      const id = await record({ after_config: { default_model: 'general-7b', preload_model: 'gone' } });
      const { body } = await apply(id).expect(422);

      expect(body).toMatchObject({ error: 'model_not_found', key: 'preload_model', done: 'default_model' });
      expect(body.detail).toBe('Switch has no model “gone”.');
      expect(await read(id)).toMatchObject({
        applied: false,
        apply_error: { error: 'model_not_found', detail: body.detail, key: 'preload_model', done: ['default_model'] },
      });
    });

    it('waits for a claim that a crash left behind to run out, and not longer', async () => {
      const id = await record();
      const claimedFor = async (seconds: number) => {
        const until = new Date(Date.now() + seconds * 1_000).toISOString().replace('T', ' ').slice(0, -1);
        await operator.rows(`UPDATE operator_switch_adjustment SET applying_until = '${until}000' WHERE id = ${id}`);
      };
      await claimedFor(60);
      expect((await apply(id).expect(409)).body.error).toBe('adjustment_in_progress');
      await claimedFor(-1);
      await apply(id).expect(200);
      expect(adminCalls()).toHaveLength(1);
    });

    it('writes nothing when its session is erased while Switch is told', async () => {
      const release = hold();
      await operator.chat({ message: 'hi', session_id: 'erased' }).expect(200);
      const id = await record({ session_id: 'erased' });
      upstream.calls.length = 0;
      const applying = apply(id).then();
      await until(() => adminCalls().length === 1);
      await operator.delete('/operator/session/erased').expect(204);
      release();

      expect((await applying).body).toMatchObject({ status: 404, error: 'adjustment_not_found' });
      expect(await events('erased')).toEqual([]);
    });

    it('answers others while Switch takes its time', async () => {
      const release = hold();
      const id = await record();
      const applying = apply(id).then();
      await until(() => adminCalls().length === 1);
      await record();
      expect(await read(id)).toMatchObject({ applied: false });
      release();
      expect((await applying).body).toMatchObject({ adjustment_id: id, applied: true });
    });
  });

  it('go with their session', async () => {
    await operator.chat({ message: 'hi', session_id: 'short' }).expect(200);
    const id = await record({ session_id: 'short' });
    await operator.delete('/operator/session/short').expect(204);
    await operator.get(`${PATH}/${id}`).expect(404);
  });

  it('that the original wrote are shown, and applied if they can be', async () => {
    const insert = (after: string) =>
      operator.rows(
        `INSERT INTO operator_switch_adjustment (session_id, before_config, after_config, reason, created_at)
         VALUES ('support', '"dull"', '${after}', '', '2025-12-01 10:00:00.000000')`,
      );
    await insert('null');
    await insert('{"default_model": "old"}');
    const { body } = await operator.get('/operator/switch/adjustments?session_id=support&limit=2').expect(200);
    const [second, first] = body.items;
    expect(first).toMatchObject({ before_config: 'dull', after_config: null, reason: '', applied: false });
    expect((await apply(first.adjustment_id)).body.error).toBe('adjustment_not_applicable');
    await apply(second.adjustment_id).expect(200);
    expect(told()).toEqual([['set_default_model', { model_name: 'old' }]]);
  });

  it('cannot be applied by the embedded engine, which says so', async () => {
    const embedded = await createTestApp();
    await embedded.chat({ message: 'hi', session_id: 'support' }).expect(200);
    const { body } = await embedded.post(PATH, anAdjustment()).expect(201);
    const path = `${PATH}/${body.adjustment_id}`;
    expect((await embedded.post(`${path}/apply`)).body).toMatchObject({ status: 502, error: 'switch_unsupported' });
    expect((await embedded.get(path)).body).toMatchObject({
      applied: false,
      apply_error: { error: 'switch_unsupported', key: 'default_model', done: [] },
    });
    await embedded.close();
  });

  (isPostgres ? it : it.skip)('are recorded and applied once by two instances', async () => {
    const database = await createTestDatabase();
    await migrate(database.url!);
    const env = { SWITCH_URL: upstream.url, DATABASE_URL: database.url };
    const both = [await createTestApp(env), await createTestApp(env)];
    const many = Array.from({ length: 10 }, (_, n) => both[n % 2]!);
    await both[0]!.chat({ message: 'hi', session_id: 'support' }).expect(200);
    for (let round = 0; round < 5; round++) {
      const recorded = await Promise.all(
        many.map((app) => app.post(PATH, anAdjustment()).set('Idempotency-Key', `both-${round}`).expect(201)),
      );
      expect(new Set(recorded.map(({ text }) => text)).size).toBe(1);
      upstream.calls.length = 0;
      const applied = await Promise.all(
        many.map((app) => app.post(`${PATH}/${recorded[0]!.body.adjustment_id}/apply`).then()),
      );
      expect(applied.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(applied.filter(({ status }) => status === 409)).toHaveLength(9);
      expect(adminCalls()).toHaveLength(1);
    }
    await Promise.all(both.map((app) => app.close()));
    await database.drop();
  });
});
