import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { FakeSwitch } from '../fakes/fake-switch';
import { isPostgres } from '../support/database';
import { type TestApp, createTestApp } from '../support/test-app';

/** How the original's tables refer to a session: by its name, or, in some revisions, by its number. */
const BY_NAME = { type: 'VARCHAR(64)', column: 'session_id' };
const BY_NUMBER = { type: 'INTEGER', column: 'id' };

/** As SQLAlchemy makes them from the original's models. */
const tables = ({ type, column }: typeof BY_NAME) => `
  CREATE TABLE operator_session (
    id INTEGER NOT NULL, session_id VARCHAR(64) NOT NULL, user_id VARCHAR(64), source VARCHAR(50),
    created_at DATETIME, updated_at DATETIME,
    PRIMARY KEY (id)
  );
  CREATE UNIQUE INDEX ix_operator_session_session_id ON operator_session (session_id);
  CREATE TABLE operator_message (
    id INTEGER NOT NULL, session_id ${type} NOT NULL, role VARCHAR(50) NOT NULL, content TEXT NOT NULL,
    message_metadata TEXT, created_at DATETIME,
    PRIMARY KEY (id), FOREIGN KEY(session_id) REFERENCES operator_session (${column})
  );
  CREATE INDEX ix_operator_message_session_id ON operator_message (session_id);
  CREATE TABLE operator_tool_call (
    id INTEGER NOT NULL, message_id INTEGER NOT NULL, tool_name VARCHAR(100) NOT NULL, status VARCHAR(50),
    duration_ms INTEGER, result TEXT, error TEXT, created_at DATETIME,
    PRIMARY KEY (id), FOREIGN KEY(message_id) REFERENCES operator_message (id)
  );
  CREATE TABLE operator_browser_task (
    id INTEGER NOT NULL, session_id ${type} NOT NULL, url VARCHAR(500) NOT NULL, status VARCHAR(50),
    snapshot_path VARCHAR(255), result TEXT, error TEXT, created_at DATETIME, executed_at DATETIME,
    PRIMARY KEY (id), FOREIGN KEY(session_id) REFERENCES operator_session (${column})
  );
  CREATE TABLE operator_switch_adjustment (
    id INTEGER NOT NULL, session_id ${type} NOT NULL, message_id INTEGER, before_config TEXT NOT NULL,
    after_config TEXT NOT NULL, reason TEXT NOT NULL, applied BOOLEAN, created_at DATETIME, applied_at DATETIME,
    PRIMARY KEY (id), FOREIGN KEY(session_id) REFERENCES operator_session (${column}),
    FOREIGN KEY(message_id) REFERENCES operator_message (id)
  );`;

const AT = (time: string) => `'2025-12-01 ${time}'`;

const SESSIONS = `
  INSERT INTO operator_session VALUES
    (1, 'support-1', 'ana', 'tentaculo', ${AT('10:00:00.123456')}, ${AT('10:05:00.654321')}),
    (5, 'año/nuevo: 🙂', NULL, NULL, NULL, NULL),
    (9, 'empty', 'local', 'web', ${AT('23:59:59.999999')}, ${AT('23:59:59.999999')});`;

const MESSAGES = (support: string, other: string, gone: string) => `
  INSERT INTO operator_message VALUES
    (10, ${support}, 'user', 'hola', '{"channel": "web", "n": 1}', ${AT('10:00:00.123456')}),
    (11, ${support}, 'assistant', '¿Qué tal?', NULL, ${AT('10:00:01.000000')}),
    (12, ${support}, 'tool', 'raw output', 'not JSON at all', ${AT('10:00:02.000000')}),
    (13, ${support}, 'user', '', '{"a": [1', NULL),
    (20, ${other}, 'system', 'be brief', 'null', ${AT('11:00:00.000000')}),
    (30, ${gone}, 'user', 'anybody there?', NULL, ${AT('09:00:00.000000')}),
    (31, ${gone}, 'assistant', 'no', NULL, ${AT('09:30:00.000000')});`;

const TOOL_CALLS = `
  INSERT INTO operator_tool_call VALUES
    (1, 11, 'browser', 'ok', 42, '{"title": "Example"}', NULL, ${AT('10:00:01.000000')}),
    (2, 11, 'shell', 'error', NULL, NULL, 'exit 1', NULL),
    (3, 11, 'odd', NULL, 0, 'plain text', NULL, ${AT('10:00:01.000000')}),
    (4, 999, 'lost', 'ok', 7, '"kept"', NULL, ${AT('08:00:00.000000')});`;

const TASKS = (support: string, gone: string) => `
  INSERT INTO operator_browser_task VALUES
    (3, ${support}, 'https://example.com', 'done', '/tmp/a.png', '{"ok": true}', NULL, ${AT('10:01:00.000000')}, ${AT('10:01:05.000000')}),
    (4, ${gone}, 'https://example.org', NULL, NULL, 'half {', 'timeout', NULL, NULL);
  INSERT INTO operator_switch_adjustment VALUES
    (6, ${support}, 10, '{"temperature": 0.2}', '{"temperature": 0.7}', 'too dull', 1, ${AT('10:02:00.000000')}, ${AT('10:02:01.000000')}),
    (7, ${support}, NULL, 'dull', '{}', '', NULL, NULL, NULL),
    (8, ${support}, 998, '{}', '{}', 'of a message that is gone', 0, ${AT('10:03:00.000000')}, NULL);`;

/** What else lives in the file: other modules of the stack, and somebody's own work. */
const FOREIGN = `
  CREATE TABLE madre_task (id INTEGER PRIMARY KEY, name VARCHAR(20), created_at DATETIME);
  CREATE INDEX ix_madre_task_name ON madre_task (name);
  INSERT INTO madre_task VALUES (7, 'keep me', ${AT('08:00:00.000000')});
  CREATE TABLE session_note (
    id INTEGER PRIMARY KEY, session_id VARCHAR(64) REFERENCES operator_session (session_id), note TEXT
  );
  INSERT INTO session_note VALUES (1, 'support-1', 'call back');
  CREATE VIEW busy_session AS SELECT session_id, COUNT(*) AS messages FROM operator_message GROUP BY session_id;
  CREATE VIEW visited AS SELECT url FROM operator_browser_task WHERE status = 'done';`;

(isPostgres ? describe.skip : describe)('A database file that the original wrote', () => {
  let upstream: FakeSwitch;
  let operator: TestApp | undefined;
  let dataDir: string;

  beforeAll(async () => {
    upstream = await FakeSwitch.start();
  });
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'operator-original-'));
    upstream.calls.length = 0;
  });
  afterEach(async () => {
    await stop();
    rmSync(dataDir, { recursive: true });
  });
  afterAll(() => upstream.stop());

  async function start(): Promise<TestApp> {
    operator = await createTestApp({ DATA_DIR: dataDir, SWITCH_URL: upstream.url });
    return operator;
  }
  async function stop(): Promise<void> {
    await operator?.close();
    operator = undefined;
  }
  /** The file as any other program sees it. SQLAlchemy leaves foreign keys switched off. */
  function inFile<T>(work: (database: Database) => T): T {
    const database = new Sqlite(join(dataDir, 'operator.db'));
    database.pragma('foreign_keys = OFF');
    try {
      return work(database);
    } finally {
      database.close();
    }
  }
  const write = (...statements: string[]) => inFile((database) => database.exec(statements.join('')));
  const read = (statement: string) => inFile((database) => database.prepare(statement).all());
  const session = async (id: string) =>
    (await operator!.get(`/operator/session/${encodeURIComponent(id)}`).expect(200)).body;

  describe.each([
    ['by their names', BY_NAME, ["'support-1'", "'año/nuevo: 🙂'", "'gone'", "'gone-too'"], ['gone', 'gone-too']],
    ['by their numbers', BY_NUMBER, ['1', '5', '77', '78'], ['session-77', 'session-78']],
  ] as const)(
    'and that refers to sessions %s',
    (_, reference, [support, other, gone, goneToo], [orphan, orphanToo]) => {
      beforeEach(async () => {
        write(
          tables(reference),
          SESSIONS,
          MESSAGES(support, other, gone),
          TOOL_CALLS,
          TASKS(support, goneToo),
          FOREIGN,
        );
        await start();
      });

      it('reads back: messages, tool calls, metadata, and times in UTC', async () => {
        const message = { turn_id: null, tool_calls: [], more_tool_calls: null, metadata: null };
        expect(await session('support-1')).toEqual({
          session_id: 'support-1',
          user_id: 'ana',
          source: 'tentaculo',
          created_at: '2025-12-01T10:00:00.123Z',
          updated_at: '2025-12-01T10:05:00.654Z',
          message_count: 4,
          messages: [
            {
              ...message,
              id: 10,
              role: 'user',
              content: 'hola',
              timestamp: '2025-12-01T10:00:00.123Z',
              metadata: { channel: 'web', n: 1 },
            },
            {
              ...message,
              id: 11,
              role: 'assistant',
              content: '¿Qué tal?',
              timestamp: '2025-12-01T10:00:01.000Z',
              tool_calls: [
                {
                  id: 1,
                  tool_name: 'browser',
                  status: 'ok',
                  duration_ms: 42,
                  result: { title: 'Example' },
                  error: null,
                },
                { id: 2, tool_name: 'shell', status: 'error', duration_ms: null, result: null, error: 'exit 1' },
                { id: 3, tool_name: 'odd', status: 'pending', duration_ms: 0, result: 'plain text', error: null },
              ],
            },
            {
              ...message,
              id: 12,
              role: 'tool',
              content: 'raw output',
              timestamp: '2025-12-01T10:00:02.000Z',
              metadata: 'not JSON at all',
            },
            { ...message, id: 13, role: 'user', content: '', timestamp: expect.any(String), metadata: '{"a": [1' },
          ],
          next_cursor: null,
        });
      });

      it('keeps sessions that no new one could be called like, and gives them what they lack', async () => {
        const found = await session('año/nuevo: 🙂');
        expect(found).toMatchObject({ user_id: 'local', source: 'api', message_count: 1 });
        expect(found.messages).toMatchObject([{ id: 20, role: 'system', content: 'be brief', metadata: null }]);
        expect(Math.abs(Date.parse(found.created_at) - Date.now())).toBeLessThan(60_000);
        expect(await session('empty')).toMatchObject({ source: 'web', message_count: 0, messages: [] });
      });

      it('gives messages and tasks of a session that is not there one of their own', async () => {
        expect(await session(orphan)).toMatchObject({
          user_id: 'local',
          source: 'recovered',
          created_at: '2025-12-01T09:00:00.000Z',
          updated_at: '2025-12-01T09:30:00.000Z',
          message_count: 2,
          messages: [{ content: 'anybody there?' }, { content: 'no' }],
        });
        expect(await session(orphanToo)).toMatchObject({ source: 'recovered', message_count: 0 });
      });

      it('goes on where it was, with its history', async () => {
        const { body } = await operator!.chat({ message: 'and now?', session_id: 'support-1' }).expect(200);

        expect(upstream.chats[0]!.body.messages).toEqual([
          { role: 'user', content: 'hola' },
          { role: 'assistant', content: '¿Qué tal?' },
          { role: 'system', content: 'tool: raw output' },
          { role: 'user', content: 'and now?' },
        ]);
        const found = await session('support-1');
        expect(found).toMatchObject({ user_id: 'ana', created_at: '2025-12-01T10:00:00.123Z', message_count: 6 });
        expect(found.messages.map(({ id }: { id: number }) => id).slice(0, 4)).toEqual([10, 11, 12, 13]);
        expect(found.messages.at(-1)).toMatchObject({ id: body.message_id, content: 'echo: and now?' });
      });

      it('never gives a tool call of a message that is lost to another one', async () => {
        await operator!.chat({ message: 'hi', session_id: 'support-1' }).expect(200);
        expect(read('SELECT * FROM operator_tool_call WHERE id = 4')).toEqual([
          expect.objectContaining({ message_id: 999, tool_name: 'lost', result: '"kept"' }),
        ]);
        expect(read('SELECT id, session_id, role, content FROM operator_message WHERE id >= 999')).toEqual([
          { id: 999, session_id: 'recovered', role: 'system', content: '' },
          { id: 1000, session_id: 'support-1', role: 'user', content: 'hi' },
          { id: 1001, session_id: 'support-1', role: 'assistant', content: 'echo: hi' },
        ]);
        expect(read('SELECT id, message_id FROM operator_switch_adjustment ORDER BY id')).toEqual([
          { id: 6, message_id: 10 },
          { id: 7, message_id: null },
          { id: 8, message_id: null },
        ]);
      });

      it('has foreign keys from now on, and every row keeps to them', async () => {
        expect(await operator!.rows('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
        expect(read('PRAGMA foreign_key_check')).toEqual([]);
        await expect(
          operator!.rows(
            "INSERT INTO operator_message (session_id, role, content, created_at) VALUES ('no', 'user', 'x', '')",
          ),
        ).rejects.toThrow(/FOREIGN KEY/);

        await operator!.rows("DELETE FROM session_note WHERE session_id = 'support-1'");
        await operator!.delete('/operator/session/support-1').expect(204);
        const left = `SELECT (SELECT COUNT(*) FROM operator_message WHERE session_id = 'support-1') AS messages,
        (SELECT COUNT(*) FROM operator_tool_call WHERE message_id = 11) AS calls,
        (SELECT COUNT(*) FROM operator_browser_task WHERE session_id = 'support-1') AS tasks,
        (SELECT COUNT(*) FROM operator_switch_adjustment) AS adjustments`;
        expect(read(left)).toEqual([{ messages: 0, calls: 0, tasks: 0, adjustments: 0 }]);
      });

      it('leaves what is not its own alone, and working', async () => {
        await operator!.chat({ message: 'hi', session_id: 'support-1' }).expect(200);
        expect(read('SELECT * FROM madre_task')).toEqual([
          { id: 7, name: 'keep me', created_at: '2025-12-01 08:00:00.000000' },
        ]);
        expect(read("SELECT messages FROM busy_session WHERE session_id = 'support-1'")).toEqual([{ messages: 6 }]);
        expect(read('SELECT url FROM visited')).toEqual([{ url: 'https://example.com' }]);
        const note = "INSERT INTO session_note (session_id, note) VALUES ('empty', 'a note')";
        inFile((database) => {
          database.pragma('foreign_keys = ON');
          database.exec(note);
          expect(() => database.exec(note.replace('empty', 'nobody'))).toThrow(/FOREIGN KEY/);
        });
        expect(read("SELECT name FROM sqlite_master WHERE name LIKE 'original%' OR sql LIKE '%original%'")).toEqual([]);
      });

      it('can still be read by programs that know the original’s columns', async () => {
        await operator!.chat({ message: 'hi', session_id: 'new-1', metadata: { channel: 'web' } }).expect(200);
        await stop();

        const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
        expect(
          read(`SELECT session_id, user_id, source, created_at, updated_at FROM operator_session
              WHERE session_id IN ('support-1', 'new-1') ORDER BY id`),
        ).toEqual([
          {
            session_id: 'support-1',
            user_id: 'ana',
            source: 'tentaculo',
            created_at: '2025-12-01 10:00:00.123456',
            updated_at: '2025-12-01 10:05:00.654321',
          },
          { session_id: 'new-1', user_id: 'local', source: 'api', created_at: TIME, updated_at: TIME },
        ]);
        const said = `SELECT role, content, message_metadata, created_at FROM operator_message
                    WHERE session_id = 'new-1' ORDER BY id`;
        expect(read(said)).toEqual([
          { role: 'user', content: 'hi', message_metadata: '{"channel":"web"}', created_at: TIME },
          { role: 'assistant', content: 'echo: hi', message_metadata: null, created_at: TIME },
        ]);
        expect(read('SELECT * FROM operator_browser_task WHERE id = 3')).toMatchObject([
          {
            id: 3,
            session_id: 'support-1',
            tool_call_id: null,
            url: 'https://example.com',
            status: 'done',
            snapshot_path: '/tmp/a.png',
            result: '{"ok": true}',
            error: null,
            created_at: '2025-12-01 10:01:00.000000',
            executed_at: '2025-12-01 10:01:05.000000',
          },
        ]);
        // Nobody will run it any more.
        expect(read('SELECT status, error, result FROM operator_browser_task WHERE id = 4')).toEqual([
          { status: 'cancelled', error: 'timeout', result: '"half {"' },
        ]);
        expect(read('SELECT * FROM operator_switch_adjustment WHERE id <= 7 ORDER BY id')).toMatchObject([
          {
            before_config: '{"temperature": 0.2}',
            reason: 'too dull',
            applied: 1,
            applied_at: '2025-12-01 10:02:01.000000',
          },
          { before_config: '"dull"', after_config: '{}', reason: '', applied: 0, applied_at: null, created_at: TIME },
        ]);
      });

      it('is taken over once', async () => {
        const before = await session('support-1');
        await stop();
        await start();
        expect(await session('support-1')).toEqual(before);
        const { body } = await operator!.get('/operator/sessions').expect(200);
        const ids = body.items.map(({ session_id }: { session_id: string }) => session_id);
        expect(ids.toSorted()).toEqual(
          ['support-1', 'año/nuevo: 🙂', 'empty', orphan, orphanToo, 'recovered'].toSorted(),
        );
      });
    },
  );

  it('is taken over also when it holds but some of the tables', async () => {
    write(tables(BY_NAME), SESSIONS, 'DROP TABLE operator_switch_adjustment; DROP TABLE operator_tool_call;');
    await start();
    expect(await session('support-1')).toMatchObject({ user_id: 'ana', message_count: 0 });
  });

  it('is left as it was when it is not what its tables are called', async () => {
    write(
      "CREATE TABLE operator_session (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO operator_session VALUES (1, 'x')",
    );
    const said = jest.spyOn(console, 'log').mockImplementation();
    await expect(start()).rejects.toThrow(/no such column/);
    said.mockRestore();

    expect(read('SELECT * FROM operator_session')).toEqual([{ id: 1, name: 'x' }]);
    expect(
      read(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%operator%' AND name <> 'operator_migration'",
      ),
    ).toEqual([{ name: 'operator_session' }]);
    expect(read('SELECT * FROM operator_migration')).toEqual([]);
  });
});
