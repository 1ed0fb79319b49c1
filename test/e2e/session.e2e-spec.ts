import { expectProblem, rowCounts } from '../support/problem';
import { type TestApp, createTestApp } from '../support/test-app';

interface Message {
  id: number;
  role: string;
  content: string;
}
interface Summary {
  session_id: string;
  user_id: string;
}

describe('Sessions', () => {
  let operator: TestApp;
  beforeAll(async () => {
    operator = await createTestApp({ DATABASE_SYNCHRONOUS: 'normal' });
  });
  afterAll(() => operator.close());

  /** A session with `count` messages m1, m2, …, written past the API, which would take long. */
  async function write(sessionId: string, count: number, userId = 'local'): Promise<void> {
    const now = "'2026-11-23 09:30:00.000000'";
    await operator.rows(
      `INSERT INTO operator_session (session_id, user_id, message_count, created_at, updated_at)
       VALUES ('${sessionId}', '${userId}', ${count}, ${now}, ${now})`,
    );
    if (count === 0) return;
    await operator.rows(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
       INSERT INTO operator_message (session_id, role, content, created_at)
       SELECT '${sessionId}', 'user', 'm' || i, ${now} FROM n`,
    );
  }
  const named = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `m${from + index}`);
  const texts = (messages: Message[]) => messages.map(({ content }) => content);

  /** Every page of a list, from its first to its last. */
  async function pages<Item>(path: string, key: 'messages' | 'items'): Promise<Item[][]> {
    const found: Item[][] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `${path.includes('?') ? '&' : '?'}cursor=${cursor}`;
      const { body } = await operator.get(path + query).expect(200);
      found.push(body[key] as Item[]);
      cursor = body.next_cursor as string | null;
    } while (cursor !== null && found.length < 100);
    return found;
  }

  describe('reading one', () => {
    beforeAll(() => write('long', 1_500));

    it('shows the newest page first, in the order in which it was said, 200 messages unless told', async () => {
      const found = await pages<Message>('/operator/session/long', 'messages');

      expect(found.map(texts)).toEqual([
        named(1_301, 1_500),
        named(1_101, 1_300),
        named(901, 1_100),
        named(701, 900),
        named(501, 700),
        named(301, 500),
        named(101, 300),
        named(1, 100),
      ]);
    });

    it.each([1_000, 750, 999])('has every message once in pages of %i', async (limit) => {
      const found = await pages<Message>(`/operator/session/long?limit=${limit}`, 'messages');

      expect(found.reverse().flatMap(texts)).toEqual(named(1, 1_500));
      expect(found.at(-1)).toHaveLength(limit);
    });

    it('hands out 1,000 messages at most', async () => {
      const path = '/operator/session/long';
      const answer = await operator.get(`${path}?limit=1001`);
      expectProblem(answer, { status: 422, error: 'validation_failed', instance: path, fields: ['limit'] });
    });

    it.each([
      [10, [5, 10, 10]],
      [5, [5, 5, 5, 5, 5]],
      [25, [25]],
      [24, [1, 24]],
      [26, [25]],
      [1, Array(25).fill(1)],
    ])('keeps a session apart from another written at the same time, in pages of %i', async (limit, sizes) => {
      const [one, other] = [`one-${limit}`, `other-${limit}`];
      await write(one, 0);
      await write(other, 0);
      for (let n = 1; n <= 25; n++) {
        for (const session of [one, other]) {
          await operator.rows(
            `INSERT INTO operator_message (session_id, role, content, created_at)
             VALUES ('${session}', 'user', '${session} ${n}', '2026-11-23 09:30:00.000000')`,
          );
        }
      }
      const found = await pages<Message>(`/operator/session/${one}?limit=${limit}`, 'messages');

      expect(found.reverse().map(({ length }) => length)).toEqual(sizes);
      expect(found.flatMap(texts)).toEqual(Array.from({ length: 25 }, (_, n) => `${one} ${n + 1}`));
    });

    it('neither repeats nor skips when more is said between two pages', async () => {
      await write('growing', 10);
      const { body: first } = await operator.get('/operator/session/growing?limit=4').expect(200);
      await operator.chat({ message: 'more', session_id: 'growing' }).expect(200);
      const { body: second } = await operator
        .get(`/operator/session/growing?limit=4&cursor=${first.next_cursor}`)
        .expect(200);

      expect(texts(first.messages)).toEqual(named(7, 10));
      expect(texts(second.messages)).toEqual(named(3, 6));
      expect(second.message_count).toBe(12);
    });

    it('shows a message with its tool calls', async () => {
      const { body: answer } = await operator.chat({ message: '/help', session_id: 'tools' }).expect(200);
      const { body } = await operator.get('/operator/session/tools').expect(200);

      expect(answer.tool_calls).toEqual([
        {
          id: expect.any(Number),
          tool_name: 'help',
          status: 'ok',
          duration_ms: expect.any(Number),
          result: { commands: expect.arrayContaining(['/help', '/history']) },
          error: null,
        },
      ]);
      expect(body).toEqual({
        session_id: 'tools',
        user_id: 'local',
        source: 'api',
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        message_count: 2,
        messages: [
          {
            id: expect.any(Number),
            role: 'user',
            content: '/help',
            timestamp: body.created_at,
            turn_id: answer.turn_id,
            tool_calls: [],
            more_tool_calls: null,
            metadata: null,
          },
          {
            id: answer.message_id,
            role: 'assistant',
            content: answer.response,
            timestamp: body.updated_at,
            turn_id: answer.turn_id,
            tool_calls: answer.tool_calls,
            more_tool_calls: null,
            metadata: null,
          },
        ],
        next_cursor: null,
      });
      expect(Math.abs(Date.parse(body.created_at) - Date.now())).toBeLessThan(60_000);
    });

    it('says 404 when there is none', async () => {
      const answer = await operator.get('/operator/session/nobody');
      expectProblem(answer, { status: 404, error: 'session_not_found', instance: '/operator/session/nobody' });
    });
  });

  describe('listing them', () => {
    const ids = (items: Summary[]) => items.map(({ session_id }) => session_id);
    const list = async (query: string): Promise<string[]> => {
      const { body } = await operator.get(`/operator/sessions?${query}`).expect(200);
      return ids(body.items);
    };
    const numbered = (name: string, from: number, to: number) =>
      Array.from({ length: Math.abs(to - from) + 1 }, (_, n) => `${name}-${from + (to > from ? n : -n)}`);

    beforeAll(async () => {
      for (const id of numbered('many', 1, 230)) await write(id, 0, 'many');
    });

    it('shows the newest first, 50 a page unless told', async () => {
      const found = await pages<Summary>('/operator/sessions?user_id=many', 'items');

      expect(found.map(({ length }) => length)).toEqual([50, 50, 50, 50, 30]);
      expect(found.flatMap(ids)).toEqual(numbered('many', 230, 1));
    });

    it.each([
      [200, [200, 30]],
      [115, [115, 115]],
      [7, [...Array(32).fill(7), 6]],
    ])('has every session once in pages of %i', async (limit, sizes) => {
      const found = await pages<Summary>(`/operator/sessions?user_id=many&limit=${limit}`, 'items');

      expect(found.map(({ length }) => length)).toEqual(sizes);
      expect(found.flatMap(ids)).toEqual(numbered('many', 230, 1));
    });

    it('hands out 200 at most', async () => {
      const answer = await operator.get('/operator/sessions?limit=201');
      const instance = '/operator/sessions';
      expectProblem(answer, { status: 422, error: 'validation_failed', instance, fields: ['limit'] });
    });

    it('shows only those of the user who is asked for', async () => {
      await operator.chat({ message: 'hi', session_id: 'ana-1', user_id: 'ana' }).expect(200);
      await operator.chat({ message: 'hi', session_id: 'bo-1', user_id: 'bo' }).expect(200);
      await operator.chat({ message: 'hi', session_id: 'ana-2', user_id: 'ana' }).expect(200);

      expect(await list('user_id=ana')).toEqual(['ana-2', 'ana-1']);
      expect(await list('user_id=Ana')).toEqual([]);
      expect(await list('user_id=an%25')).toEqual([]);
      expect((await list('limit=3')).toSorted()).toEqual(['ana-1', 'ana-2', 'bo-1']);
    });

    it('tells what a session is, and not what is said in it', async () => {
      await operator.chat({ message: 'a secret', session_id: 'told', user_id: 'told' }).expect(200);
      const { body } = await operator.get('/operator/sessions?user_id=told').expect(200);

      expect(body).toEqual({
        items: [
          {
            session_id: 'told',
            user_id: 'told',
            source: 'api',
            created_at: expect.any(String),
            updated_at: expect.any(String),
            message_count: 2,
          },
        ],
        next_cursor: null,
      });
    });

    describe('by text', () => {
      const SAID: Record<string, string> = {
        percent: 'I am 100% sure',
        underscore: 'call it snake_case',
        bang: 'wow! really',
        quote: `it's "quoted" with a \\ in it`,
        capitals: 'Ärger in der ÜBERGABE am Straßenrand',
        greek: 'ΟΔΟΣ Αθηνών',
        emoji: 'all fine 🙂 here',
        markup: '<b>bold</b>',
      };
      beforeAll(async () => {
        for (const [id, message] of Object.entries(SAID)) {
          await operator.chat({ message, session_id: `said-${id}`, user_id: 'search' }).expect(200);
        }
      });

      it.each([
        ['%', ['percent']],
        ['100%', ['percent']],
        ['1%0', []],
        ['e_c', ['underscore']],
        ['snake_ca_e', []],
        ['snake_c', ['underscore']],
        ['snake c', []],
        ['SNAKE_CASE', ['underscore']],
        ['!', ['bang']],
        ['w!r', []],
        ["it's", ['quote']],
        ['\\', ['quote']],
        ["' OR 1=1 --", []],
        ['ÜBERGABE', ['capitals']],
        ['übergabe', ['capitals']],
        ['αθην', ['greek']],
        ['Ärger', ['capitals']],
        ['straßenrand', ['capitals']],
        ['Αθην', ['greek']],
        ['🙂', ['emoji']],
        ['<b>', ['markup']],
        ['said-PERC', ['percent']],
        ['no such text', []],
        ['embedded ENGINE', Object.keys(SAID).reverse()],
      ])('finds %s, whatever the case', async (text, found) => {
        expect(await list(`user_id=search&q=${encodeURIComponent(text)}`)).toEqual(found.map((id) => `said-${id}`));
      });

      it('does not look into the sessions of others', async () => {
        expect(await list('user_id=nobody&q=100%25')).toEqual([]);
        expect(await list('q=100%25')).toEqual(['said-percent']);
      });

      it('goes on from its cursors, without a gap or a repetition', async () => {
        const found = await pages<Summary>('/operator/sessions?user_id=search&q=embedded&limit=3', 'items');
        expect(found.flatMap(ids)).toEqual(
          Object.keys(SAID)
            .reverse()
            .map((id) => `said-${id}`),
        );
        expect(Math.max(...found.map(({ length }) => length))).toBe(3);
      });

      it('finds what was said last in a session that is looked through in pieces', async () => {
        await write('in-pieces', 1_200, 'pieces');
        expect(await list('user_id=pieces&q=m1200')).toEqual(['in-pieces']);
        expect(await list('user_id=pieces&q=m1201')).toEqual([]);
      });

      it('finds what lies behind hundreds of sessions that do not match', async () => {
        const found = await pages<Summary>('/operator/sessions?user_id=many&q=MANY-1', 'items');
        const matching = numbered('many', 230, 1).filter((id) => id.includes('many-1'));
        expect(found.flatMap(ids)).toEqual(matching);
        expect((await pages<Summary>('/operator/sessions?user_id=many&q=many-7', 'items')).flatMap(ids)).toEqual([
          ...numbered('many', 79, 70),
          'many-7',
        ]);
      });
    });
  });

  describe('erasing one', () => {
    it('takes all that hangs on it and nothing else', async () => {
      await operator.chat({ message: '/help', session_id: 'stays' }).expect(200);
      const { body: bystander } = await operator.get('/operator/session/stays').expect(200);
      const before = await rowCounts(operator);

      const { body } = await operator.chat({ message: '/help', session_id: 'goes' }).expect(200);
      await operator.rows(
        `INSERT INTO operator_browser_task (session_id, url, status, created_at)
         VALUES ('goes', 'https://example.com', 'done', '2026-11-23 09:30:00.000000')`,
      );
      await operator.rows(
        `INSERT INTO operator_switch_adjustment (session_id, message_id, before_config, after_config, created_at)
         VALUES ('goes', ${body.message_id}, '{}', '{}', '2026-11-23 09:30:00.000000')`,
      );
      const grown = await rowCounts(operator);
      expect(Object.keys(grown).filter((table) => grown[table] === before[table])).toEqual([]);

      const answer = await operator.delete('/operator/session/goes').expect(204);
      expect(answer.text).toBe('');
      expect(await rowCounts(operator)).toEqual(before);
      expect((await operator.get('/operator/session/stays').expect(200)).body).toEqual(bystander);

      for (const path of ['/operator/session/goes', '/operator/session/goes/export']) {
        expectProblem(await operator.get(path), { status: 404, error: 'session_not_found', instance: path });
      }
      const instance = '/operator/session/goes';
      expectProblem(await operator.delete(instance), { status: 404, error: 'session_not_found', instance });
      const turn = `/operator/turn/${body.turn_id}`;
      expectProblem(await operator.get(turn), { status: 404, error: 'turn_not_found', instance: turn });
    });

    it('leaves its name for a new one, which begins at the beginning', async () => {
      await operator.chat({ message: 'first life', session_id: 'phoenix', user_id: 'ana' }).expect(200);
      await operator.delete('/operator/session/phoenix').expect(204);
      await operator.chat({ message: 'second life', session_id: 'phoenix', user_id: 'bo' }).expect(200);

      const { body } = await operator.get('/operator/session/phoenix').expect(200);
      expect(body).toMatchObject({ user_id: 'bo', message_count: 2 });
      expect(body.messages[0].content).toBe('second life');
      const seqs = await operator.rows("SELECT seq FROM operator_event WHERE session_id = 'phoenix' ORDER BY seq");
      expect(seqs).toEqual([1, 2, 3, 4, 5, 6].map((seq) => ({ seq })));
    });
  });

  describe('exporting one', () => {
    it('gives every message as JSON, as reading gives them, to be kept as a file', async () => {
      await operator.chat({ message: '/help', session_id: 'exported:1', metadata: { a: [1] } }).expect(200);
      await operator.chat({ message: 'line\n"quoted" \u2028 🙂', session_id: 'exported:1' }).expect(200);
      const { body: session } = await operator.get('/operator/session/exported:1').expect(200);
      const { headers, text } = await operator.get('/operator/session/exported:1/export').expect(200);

      expect(headers['content-type']).toBe('application/json; charset=utf-8');
      expect(headers['content-disposition']).toBe('attachment; filename="session-exported_1.json"');
      const { next_cursor, source, ...exported } = session;
      expect(JSON.parse(text)).toEqual(exported);
      expect([next_cursor, source]).toEqual([null, 'api']);
    });

    it('gives Markdown in which nothing that somebody wrote can pass for a heading', async () => {
      const forged = '## 99 · assistant · 2026-01-01T00:00:00.000Z';
      const message = `hi\n${forged}\r\n${forged}\r${forged}\n\n# Session x\nx\n===\n\`\`\`\n</blockquote>`;
      await operator.chat({ message, session_id: 'forged', user_id: `eve\n${forged}\r# x` }).expect(200);
      const { body } = await operator.get('/operator/session/forged').expect(200);
      await operator.rows(
        `INSERT INTO operator_tool_call (message_id, tool_name, status, created_at)
         VALUES (${body.messages[1].id}, 'tool
${forged}', 'ok
# x', '2026-11-23 09:30:00.000000')`,
      );
      const { headers, text } = await operator.get('/operator/session/forged/export?format=markdown').expect(200);

      expect(headers['content-type']).toBe('text/markdown; charset=utf-8');
      expect(headers['content-disposition']).toBe('attachment; filename="session-forged.md"');
      const lines = text.split(/\r\n|\r|\n/);
      const [asked, answered] = body.messages as { id: number; timestamp: string }[];
      expect(lines.filter((line) => /^\s*(#|=|-{2,}|```|<)/.test(line))).toEqual([
        '# Session forged',
        `## ${asked!.id} · user · ${asked!.timestamp}`,
        `## ${answered!.id} · assistant · ${answered!.timestamp}`,
      ]);
      const quoted = lines.filter((line) => line.startsWith('> ')).map((line) => line.slice(2));
      expect(quoted.slice(0, -1)).toEqual(message.split(/\r\n|\r|\n/));
      expect(text).toContain('- tool `tool');
    });

    it.each(['json', 'markdown'])('gives a session of 1,500 messages whole, as %s', async (format) => {
      const sessionId = `whole-${format}`;
      await write(sessionId, 1_500);
      const { text } = await operator.get(`/operator/session/${sessionId}/export?format=${format}`).expect(200);

      const said =
        format === 'json' ? texts(JSON.parse(text).messages) : text.match(/^> .*$/gm)!.map((line) => line.slice(2));
      expect(said).toEqual(named(1, 1_500));
    });

    it('gives a session in which nothing was said', async () => {
      await write('silent', 0);
      const { text } = await operator.get('/operator/session/silent/export').expect(200);
      expect(JSON.parse(text)).toMatchObject({ session_id: 'silent', message_count: 0, messages: [] });
    });

    it('breaks off when a message cannot be read, rather than look whole', async () => {
      await write('torn', 1_500);
      await operator.rows(
        `UPDATE operator_message SET message_metadata = '{torn' WHERE session_id = 'torn' AND content = 'm1200'`,
      );
      await expect(operator.get('/operator/session/torn/export').then()).rejects.toThrow(/aborted|hang up|socket/);
      await operator.get('/operator/session/silent/export').expect(200);
    });
  });
});
