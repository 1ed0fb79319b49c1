import { DataSource } from 'typeorm';
import { listQuery, parentsQuery, scopesOf, sessionQuery } from '../../src/telemetry/evidence/evidence-queries';
import { EVIDENCE_KINDS, EVIDENCE_LISTS, type EvidenceKind } from '../../src/telemetry/evidence/evidence.types';
import { isPostgres } from '../support/database';
import { expectProblem } from '../support/problem';
import { type TestApp, createTestApp } from '../support/test-app';

const AT = '2026-11-23 09:30:00.000000';
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('Evidence', () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp({ DATABASE_SYNCHRONOUS: 'normal' });
  });
  afterAll(() => operator.close());

  const around = async (kind: EvidenceKind, id: string | number) =>
    (await operator.get(`/operator/evidence/${kind}/${encodeURIComponent(id)}`).expect(200)).body;
  const insert = async (table: string, row: Record<string, string | number | null>): Promise<number> => {
    const values = Object.values(row).map((value) => (typeof value === 'string' ? `'${value}'` : String(value)));
    await operator.rows(`INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`);
    const [{ id }] = (await operator.rows<{ id: number }>(`SELECT MAX(id) AS id FROM ${table}`)) as [{ id: number }];
    return id;
  };
  const ids = (list: { id: unknown }[]) => list.map(({ id }) => id);
  const aTask = (session_id: string, tool_call_id: number | null, more: object = {}) =>
    insert('operator_browser_task', {
      session_id,
      tool_call_id,
      url: 'https://example.com/',
      status: 'done',
      created_at: AT,
      ...more,
    });
  const adjust = async (session_id: string, message_id?: number) =>
    (
      await operator
        .post('/operator/switch/adjustment', {
          session_id,
          message_id,
          before_config: {},
          after_config: { default_model: 'a' },
          reason: 'r',
        })
        .expect(201)
    ).body.adjustment_id as number;

  interface Chain {
    session: string;
    turn: string;
    question: number;
    answer: number;
    call: number;
    task: number;
    adjustment: number;
  }
  /** A turn with one of everything. */
  async function aChain(session: string): Promise<Chain> {
    const { body } = await operator.chat({ message: '/help', session_id: session }).expect(200);
    const call = body.tool_calls[0].id as number;
    return {
      session,
      turn: body.turn_id as string,
      question: (body.message_id as number) - 1,
      answer: body.message_id as number,
      call,
      task: await aTask(session, call),
      adjustment: await adjust(session, body.message_id as number),
    };
  }

  describe('of one turn among others', () => {
    let chain: Chain;
    let other: Chain;
    let foreign: Chain;
    let bySession: { task: number; adjustment: number };
    beforeAll(async () => {
      foreign = await aChain('foreign');
      chain = await aChain('chain');
      other = await aChain('chain');
      bySession = { task: await aTask('chain', null), adjustment: await adjust('chain') };
    });

    it('shows each record with its own id and those of what it hangs on', async () => {
      const result = JSON.stringify({ title: 'Example' });
      await operator.rows(
        `UPDATE operator_browser_task SET result = '${result}', snapshot_path = '/secret/a.png', executed_at = '${AT}'
         WHERE id = ${chain.task}`,
      );
      const found = await around('message', chain.answer);

      expect(found).toEqual({
        kind: 'message',
        id: chain.answer,
        session: {
          session_id: 'chain',
          user_id: 'local',
          source: 'api',
          message_count: 4,
          created_at: TIME,
          updated_at: TIME,
        },
        turns: [
          {
            id: chain.turn,
            session_id: 'chain',
            status: 'succeeded',
            attempt: 1,
            engine: 'embedded',
            latency_ms: expect.any(Number),
            error: null,
            created_at: TIME,
            finished_at: TIME,
          },
        ],
        messages: [
          {
            id: chain.question,
            session_id: 'chain',
            turn_id: chain.turn,
            role: 'user',
            content: '/help',
            content_length: 5,
            created_at: TIME,
          },
          {
            id: chain.answer,
            session_id: 'chain',
            turn_id: chain.turn,
            role: 'assistant',
            content: expect.stringMatching(/^\/help {2}Lists/m),
            content_length: expect.any(Number),
            created_at: TIME,
          },
        ],
        tool_calls: [
          {
            id: chain.call,
            message_id: chain.answer,
            tool_name: 'help',
            arguments: {},
            approval: null,
            status: 'ok',
            duration_ms: expect.any(Number),
            result: { commands: expect.arrayContaining(['/help']) },
            result_bytes: expect.any(Number),
            error: null,
            created_at: TIME,
          },
        ],
        browser_tasks: [
          {
            id: chain.task,
            session_id: 'chain',
            tool_call_id: chain.call,
            url: 'https://example.com/',
            status: 'done',
            attempt: 0,
            title: null,
            has_snapshot: true,
            result: { title: 'Example' },
            result_bytes: 19,
            error: null,
            created_at: '2026-11-23T09:30:00.000Z',
            executed_at: '2026-11-23T09:30:00.000Z',
            finished_at: null,
          },
        ],
        artifacts: [],
        adjustments: [
          {
            id: chain.adjustment,
            session_id: 'chain',
            message_id: chain.answer,
            before_config: {},
            before_config_bytes: 2,
            after_config: { default_model: 'a' },
            after_config_bytes: 21,
            reason: 'r',
            applied: false,
            created_at: TIME,
            applied_at: null,
          },
        ],
        truncated: [],
      });
      expect(JSON.stringify(found)).not.toContain('secret');
    });

    /** What is found from each kind, of the kinds in its row. */
    const REACH: [EvidenceKind, (chain: Chain) => string | number, Partial<Record<string, (keyof Chain)[]>>][] = [
      [
        'turn',
        ({ turn }) => turn,
        {
          turns: ['turn'],
          messages: ['question', 'answer'],
          tool_calls: ['call'],
          browser_tasks: ['task'],
          adjustments: ['adjustment'],
        },
      ],
      [
        'message',
        ({ answer }) => answer,
        {
          turns: ['turn'],
          messages: ['question', 'answer'],
          tool_calls: ['call'],
          browser_tasks: ['task'],
          adjustments: ['adjustment'],
        },
      ],
      ['message', ({ question }) => question, { turns: ['turn'], messages: ['question', 'answer'] }],
      [
        'tool_call',
        ({ call }) => call,
        { turns: ['turn'], messages: ['question', 'answer'], tool_calls: ['call'], browser_tasks: ['task'] },
      ],
      [
        'browser_task',
        ({ task }) => task,
        { turns: ['turn'], messages: ['question', 'answer'], tool_calls: ['call'], browser_tasks: ['task'] },
      ],
      [
        'adjustment',
        ({ adjustment }) => adjustment,
        { turns: ['turn'], messages: ['question', 'answer'], adjustments: ['adjustment'] },
      ],
    ];
    it.each(REACH)('is found from a %s, and nothing of another', async (kind, idOf, reach) => {
      for (const each of [chain, other, foreign]) {
        const { session, truncated, ...found } = await around(kind, idOf(each));
        expect({ session: session.session_id, truncated }).toEqual({ session: each.session, truncated: [] });
        expect({ kind: found.kind, id: found.id }).toEqual({ kind, id: idOf(each) });
        for (const list of EVIDENCE_LISTS) {
          expect([list, ids(found[list])]).toEqual([list, (reach[list] ?? []).map((key) => each[key])]);
        }
      }
    });

    it('is found from its session, with all the others', async () => {
      const found = await around('session', 'chain');
      expect(ids(found.turns)).toEqual([chain.turn, other.turn]);
      expect(ids(found.messages)).toEqual([chain.question, chain.answer, other.question, other.answer]);
      expect(ids(found.tool_calls)).toEqual([chain.call, other.call]);
      expect(ids(found.browser_tasks)).toEqual([chain.task, other.task, bySession.task]);
      expect(ids(found.adjustments)).toEqual([chain.adjustment, other.adjustment, bySession.adjustment]);
      expect(found.truncated).toEqual([]);
    });

    it.each([
      ['browser_task', 'task', 'browser_tasks'],
      ['adjustment', 'adjustment', 'adjustments'],
    ] as const)('is not what a %s hangs on that hangs on a session alone', async (kind, key, list) => {
      const { session, ...found } = await around(kind, bySession[key]);
      expect(session.session_id).toBe('chain');
      for (const each of EVIDENCE_LISTS) expect(ids(found[each])).toEqual(each === list ? [bySession[key]] : []);
    });

    it('is walked by any record from any other', async () => {
      const session = await around('session', 'chain');
      const task = session.browser_tasks.find(({ id }: { id: number }) => id === chain.task);
      const call = (await around('browser_task', task.id)).tool_calls[0];
      expect(call.id).toBe(task.tool_call_id);
      const message = (await around('tool_call', call.id)).messages.at(-1);
      expect(message.id).toBe(call.message_id);
      const turn = (await around('message', message.id)).turns[0];
      expect(turn.id).toBe(message.turn_id);
      expect((await around('turn', turn.id)).session).toEqual(session.session);
    });
  });

  it('has what no turn made: messages that the original wrote', async () => {
    await insert('operator_session', { session_id: 'año / nuevo', created_at: AT, updated_at: AT });
    const message = await insert('operator_message', {
      session_id: 'año / nuevo',
      role: 'user',
      content: 'hola',
      created_at: AT,
    });
    const call = await insert('operator_tool_call', {
      message_id: message,
      tool_name: 'x',
      status: 'ok',
      created_at: AT,
    });

    for (const found of [await around('tool_call', call), await around('session', 'año / nuevo')]) {
      expect(found).toMatchObject({
        session: { session_id: 'año / nuevo' },
        turns: [],
        messages: [{ id: message, turn_id: null, content: 'hola' }],
        tool_calls: [{ id: call, result: null, result_bytes: null }],
      });
    }
    expect((await around('message', message)).messages).toHaveLength(1);
  });

  it.each(['not json', '{"score": NaN}', ''])('shows what others wrote as JSON and is none: %j', async (text) => {
    const { body } = await operator.chat({ message: 'hi', session_id: 'foreign' }).expect(200);
    const [message, about] = [body.message_id, { session_id: 'foreign', created_at: AT }];
    const call = { message_id: message, tool_name: 'x', status: 'ok', result: text, created_at: AT };
    const id = await insert('operator_tool_call', call);
    const config = { before_config: text, after_config: text, reason: 'r', ...about };
    const adjustment = await insert('operator_switch_adjustment', config);

    expect((await around('tool_call', id)).tool_calls).toEqual([expect.objectContaining({ result: text })]);
    const chain = await around('adjustment', adjustment);
    expect(chain.adjustments).toEqual([expect.objectContaining({ before_config: text, after_config: text })]);
    const calls = await operator.get(`/operator/tool/calls?message_id=${message}&limit=1`).expect(200);
    expect(calls.body.items).toHaveLength(1);
    const changed = await operator.get(`/operator/switch/adjustment/${adjustment}`).expect(200);
    expect(changed.body).toMatchObject({ before_config: text, after_config: text });
    const applied = await operator.post(`/operator/switch/adjustment/${adjustment}/apply`);
    expect(applied.body.error).toBe('adjustment_not_applicable');
    const session = await operator.get('/operator/session/foreign').expect(200);
    expect(session.body.messages.at(-1)).toMatchObject({ id: message, tool_calls: [{ result: text }] });
    await operator.get('/operator/session/foreign/export').expect(200);
    await operator.delete('/operator/session/foreign').expect(204);
  });

  it('shows a turn that failed, and the question that it was', async () => {
    const { body } = await operator.chat({ message: 'hi', session_id: 'failed' }).expect(200);
    await operator.rows(`DELETE FROM operator_message WHERE id = ${body.message_id}`);
    await operator.rows(
      `UPDATE operator_turn SET status = 'failed', error_code = 'switch_timeout' WHERE id = '${body.turn_id}'`,
    );
    expect(await around('turn', body.turn_id)).toMatchObject({
      turns: [{ status: 'failed', error: 'switch_timeout' }],
      messages: [{ role: 'user', content: 'hi' }],
    });
  });

  it('shows the beginning of what is long, and how long it is', async () => {
    const chain = await aChain('long');
    const [content, error] = ['🙂'.repeat(1_001), 'e'.repeat(5_000)];
    const [fits, large] = [JSON.stringify('é'.repeat(2_047)), JSON.stringify('é'.repeat(2_048))];
    await operator.rows(`UPDATE operator_message SET content = '${content}' WHERE id = ${chain.answer}`);
    const set = (result: string) =>
      operator.rows(`UPDATE operator_tool_call SET result = '${result}', error = '${error}' WHERE id = ${chain.call}`);

    await set(fits);
    const before = await around('message', chain.answer);
    expect(before.messages[1]).toMatchObject({ content: '🙂'.repeat(1_000), content_length: 1_001 });
    expect(before.tool_calls[0]).toMatchObject({ result: 'é'.repeat(2_047), result_bytes: 4_096 });
    expect(before.tool_calls[0].error).toBe('e'.repeat(1_000));
    await set(large);
    expect((await around('message', chain.answer)).tool_calls[0]).toMatchObject({ result: null, result_bytes: 4_098 });
  });

  describe('of much', () => {
    let chain: Chain;
    let calls: number[];
    /** As many rows as told, in one statement. */
    const many = (count: number, into: string, values: string) =>
      operator.rows(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ${into} SELECT ${values} FROM n`,
      );
    const idsOf = async (table: string, where: string) =>
      (await operator.rows<{ id: number }>(`SELECT id FROM ${table} WHERE ${where} ORDER BY id`)).map(({ id }) => id);

    beforeAll(async () => {
      chain = await aChain('much');
      await many(
        10_000,
        'INSERT INTO operator_tool_call (message_id, tool_name, status, result, created_at)',
        `${chain.answer}, 'many', 'ok', '{}', '${AT}'`,
      );
      calls = await idsOf('operator_tool_call', `message_id = ${chain.answer}`);
      for (const call of calls.slice(-2)) await aTask('much', call);
    });

    it.each([
      ['message', () => chain.answer, () => `/operator/tool/calls?message_id=${chain.answer}`],
      ['turn', () => chain.turn, () => `/operator/tool/calls?turn_id=${chain.turn}`],
    ] as const)(
      'has the newest 100 of the 10,000 tool calls of a %s, and says where all are',
      async (kind, id, allAt) => {
        expect(calls).toHaveLength(10_001);
        const found = await around(kind, id());
        expect(ids(found.tool_calls)).toEqual(calls.slice(-100));
        expect(ids(found.messages)).toEqual([chain.question, chain.answer]);
        expect(found.browser_tasks.map((task: any) => task.tool_call_id)).toEqual(calls.slice(-2));
        expect(found.truncated).toEqual([
          { list: 'tool_calls', all_at: allAt() },
          { list: 'browser_tasks', all_at: '/operator/browser/tasks?session_id=much' },
          { list: 'artifacts', all_at: null },
        ]);
      },
    );

    it('has the newest 100 of the 10,000 tool calls of a session, and every task', async () => {
      const found = await around('session', 'much');
      expect(ids(found.tool_calls)).toEqual(calls.slice(-100));
      expect(found.browser_tasks).toHaveLength(3);
      expect(found.truncated).toEqual([{ list: 'tool_calls', all_at: '/operator/tool/calls?session_id=much' }]);
    });

    it('has the way up from one of them', async () => {
      const found = await around('tool_call', calls[5_000]!);
      expect(ids(found.tool_calls)).toEqual([calls[5_000]]);
      expect(ids(found.messages)).toEqual([chain.question, chain.answer]);
      expect(found.truncated).toEqual([]);
    });

    it('is told of it soon', async () => {
      for (const [kind, id] of [['session', 'much'] as const, ['turn', chain.turn] as const]) {
        const startedAt = performance.now();
        await around(kind, id);
        expect(performance.now() - startedAt).toBeLessThan(1_000);
      }
    });

    it.each([
      [100, []],
      [101, ['turns', 'messages', 'tool_calls', 'browser_tasks', 'artifacts', 'adjustments']],
      [250, ['turns', 'messages', 'tool_calls', 'browser_tasks', 'artifacts', 'adjustments']],
    ])('has the newest 100 of each list of a session with %i', async (count, cut) => {
      const session = `of-${count}`;
      await insert('operator_session', { session_id: session, created_at: AT, updated_at: AT });
      const uuid = `SUBSTR('00000000-0000-4000-8000-00000000000', 1, 32) || (1000 + i)`;
      await many(
        count,
        'INSERT INTO operator_turn (id, session_id, status, created_at)',
        `'${String(count).padStart(8, '0')}-' || SUBSTR(${uuid}, 10), '${session}', 'succeeded', '${AT}'`,
      );
      await many(
        count,
        'INSERT INTO operator_message (session_id, turn_id, role, content, created_at)',
        `'${session}', '${String(count).padStart(8, '0')}-' || SUBSTR(${uuid}, 10), 'user', 'm', '${AT}'`,
      );
      await operator.rows(
        `INSERT INTO operator_tool_call (message_id, tool_name, status, created_at)
         SELECT id, 'x', 'ok', '${AT}' FROM operator_message WHERE session_id = '${session}' ORDER BY id`,
      );
      await many(
        count,
        'INSERT INTO operator_browser_task (session_id, url, status, created_at)',
        `'${session}', 'https://example.com', 'done', '${AT}'`,
      );
      await many(
        count,
        'INSERT INTO operator_switch_adjustment (session_id, before_config, after_config, created_at)',
        `'${session}', '{}', '{}', '${AT}'`,
      );
      const found = await around('session', session);

      const tables = {
        messages: 'operator_message',
        browser_tasks: 'operator_browser_task',
        adjustments: 'operator_switch_adjustment',
      };
      for (const [list, table] of Object.entries(tables)) {
        expect(ids(found[list])).toEqual((await idsOf(table, `session_id = '${session}'`)).slice(-100));
      }
      expect(found.tool_calls.map((call: any) => call.message_id)).toEqual(ids(found.messages));
      expect(ids(found.turns)).toEqual(found.messages.map((message: any) => message.turn_id));
      expect(found.truncated).toEqual(
        cut.map((list) => ({
          list,
          all_at:
            list === 'artifacts'
              ? null
              : list === 'browser_tasks'
                ? `/operator/browser/tasks?session_id=${session}`
                : list === 'tool_calls'
                  ? `/operator/tool/calls?session_id=${session}`
                  : list === 'adjustments'
                    ? `/operator/switch/adjustments?session_id=${session}`
                    : `/operator/session/${session}`,
        })),
      );
    });
  });

  it.each([
    ['session', 'nobody', 'session_not_found'],
    ['turn', '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d', 'turn_not_found'],
    ['message', '2147483647', 'message_not_found'],
    ['tool_call', '2147483647', 'tool_call_not_found'],
    ['browser_task', '2147483647', 'browser_task_not_found'],
    ['adjustment', '2147483647', 'adjustment_not_found'],
  ])('does not know the %s %s', async (kind, id, error) => {
    const instance = `/operator/evidence/${kind}/${id}`;
    expectProblem(await operator.get(instance), { status: 404, error, instance });
  });

  it.each([
    ...['message', 'tool_call', 'browser_task', 'adjustment'].flatMap((kind) =>
      ['0', '-1', '1.5', '1e3', '0x1', 'x', '2147483648', '9'.repeat(30), "1'--"].map((id) => [kind, id] as const),
    ),
    ...['x', '1', '6f9b3a4e', '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5', "' OR 1=1"].map((id) => ['turn', id] as const),
    ['session', 'x'.repeat(65)],
    ['session', '\0'],
  ] as const)('refuses that a %s is called %j', async (kind, id) => {
    const instance = `/operator/evidence/${kind}/${encodeURIComponent(id)}`;
    const answer = await operator.get(instance);
    expectProblem(answer, { status: 422, error: 'validation_failed', instance, fields: ['id'] });
  });

  it.each(['sessions', 'Session', 'event', '__proto__', 'constructor', '%00'])('knows no kind %s', async (kind) => {
    const instance = `/operator/evidence/${kind}/1`;
    expectProblem(await operator.get(instance), {
      status: 422,
      error: 'validation_failed',
      instance,
      fields: ['kind'],
    });
  });

  it('goes with its session', async () => {
    const chain = await aChain('erased');
    await operator.delete('/operator/session/erased').expect(204);
    const gone: [EvidenceKind, string | number][] = [
      ['session', chain.session],
      ['turn', chain.turn],
      ['message', chain.answer],
      ['tool_call', chain.call],
      ['browser_task', chain.task],
      ['adjustment', chain.adjustment],
    ];
    for (const [kind, id] of gone) {
      const { body } = await operator.get(`/operator/evidence/${kind}/${id}`).expect(404);
      expect(body.error).toBe(`${kind}_not_found`);
    }
  });

  it('keeps a task whose tool call is gone', async () => {
    const chain = await aChain('kept');
    await operator.rows(`DELETE FROM operator_tool_call WHERE id = ${chain.call}`);
    expect(await around('browser_task', chain.task)).toMatchObject({
      messages: [],
      tool_calls: [],
      browser_tasks: [{ id: chain.task, tool_call_id: null }],
    });
  });

  it('is of one moment, while others write', async () => {
    await operator.chat({ message: '/help', session_id: 'moment' }).expect(200);
    let isDone = false;
    const writing = Promise.all(
      Array.from({ length: 30 }, () => operator.chat({ message: '/help', session_id: 'moment' }).expect(200)),
    ).finally(() => (isDone = true));
    let reads = 0;
    while (!isDone) {
      const { session, turns, messages, tool_calls } = await around('session', 'moment');
      reads++;
      expect(messages).toHaveLength(session.message_count);
      expect(new Set(messages.map((message: any) => message.turn_id))).toEqual(new Set(ids(turns)));
      const answered = turns.filter((turn: any) => turn.status === 'succeeded').length;
      expect(messages.filter((message: any) => message.role === 'assistant')).toHaveLength(answered);
      // The call of the turn that runs is on record before its answer.
      expect([answered, answered + 1]).toContain(tool_calls.length);
    }
    await writing;
    expect(reads).toBeGreaterThan(3);
  });

  it('is read by indexes, without walking any table', async () => {
    const parents = {
      sessionId: 'much',
      turnId: '6f9b3a4e-6a55-4b9f-9a0e-0a4f0a3b8f5d',
      messageId: 1,
      toolCallId: 1,
      browserTaskId: 1,
    };
    const addresses = EVIDENCE_KINDS.map((kind) => ({
      kind,
      id: kind === 'session' ? 'much' : kind === 'turn' ? parents.turnId : 1,
    }));
    const queries = addresses.flatMap((address) => [
      parentsQuery(address),
      ...EVIDENCE_LISTS.map((list) => listQuery(list, scopesOf(address, parents)[list])),
    ]);
    await operator.app.get(DataSource).transaction(async (entities) => {
      // A table of a few pages is walked rather than its index opened, if there is the choice.
      if (isPostgres) await entities.query('SET LOCAL enable_seqscan = off');
      for (const { statement, values } of [...queries, sessionQuery('much')]) {
        let count = 0;
        const explain = isPostgres
          ? `EXPLAIN ${statement.replace(/\?/g, () => `$${++count}`)}`
          : `EXPLAIN QUERY PLAN ${statement}`;
        const plan = JSON.stringify(await entities.query(explain, [...values]));
        expect(plan).toMatch(isPostgres ? /Index (Only )?Scan|One-Time Filter: false/ : /"SEARCH /);
        expect({ statement, plan }).toEqual({
          statement,
          plan: expect.not.stringMatching(isPostgres ? /Seq Scan| Filter: \(/ : /"SCAN /),
        });
      }
    });
  });
});
