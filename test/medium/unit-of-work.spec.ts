import { AsyncLocalStorage } from 'node:async_hooks';
import { Reader } from '../../src/database/reader';
import { sqlTime } from '../../src/database/sql';
import { UnitOfWork } from '../../src/database/unit-of-work';
import { type TestApp, createTestApp } from '../support/test-app';

describe(UnitOfWork.name, () => {
  let operator: TestApp;
  let unitOfWork: UnitOfWork;
  beforeAll(async () => {
    operator = await createTestApp();
    unitOfWork = operator.app.get(UnitOfWork);
  });
  afterAll(() => operator.close());

  const insert = (sessionId: string) =>
    unitOfWork.sql.run(
      'INSERT INTO operator_session (session_id, user_id, source, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
      [sessionId, 'local', 'api', sqlTime(new Date()), sqlTime(new Date())],
    );
  const stored = async (prefix: string) =>
    (
      await operator.rows<{ session_id: string }>(
        `SELECT session_id FROM operator_session WHERE session_id LIKE '${prefix}%' ORDER BY session_id`,
      )
    ).map(({ session_id }) => session_id);

  it('keeps what concurrent units write, whichever of them fail', async () => {
    const units = Array.from({ length: 100 }, (_, n) =>
      unitOfWork.run(async () => {
        await insert(`mixed-${n}-a`);
        await insert(`mixed-${n}-b`);
        if (n % 3 === 0) throw new Error(`unit ${n}`);
        return n;
      }),
    );
    const outcomes = await Promise.allSettled(units);

    const succeeded = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(succeeded).toEqual(Array.from({ length: 100 }, (_, n) => n).filter((n) => n % 3 !== 0));
    expect(await stored('mixed-')).toEqual(succeeded.flatMap((n) => [`mixed-${n}-a`, `mixed-${n}-b`]).sort());
  });

  it('lets others have their turn while many units wait', async () => {
    let turns = 0;
    const others = setInterval(() => turns++, 1);
    const order: number[] = [];
    const units = Array.from({ length: 40 }, (_, n) =>
      unitOfWork.run(async () => {
        await insert(`many-${n}`);
        for (const until = performance.now() + 5; performance.now() < until;);
        order.push(n);
      }),
    );
    await Promise.all(units);
    clearInterval(others);

    expect(turns).toBeGreaterThan(5);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect(await stored('many-')).toHaveLength(40);
  });

  it('undoes a unit whose statement failed, and only that one', async () => {
    await unitOfWork.run(() => insert('taken'));
    const failing = unitOfWork.run(async () => {
      await insert('taken-before');
      await insert('taken');
    });
    const other = unitOfWork.run(() => insert('taken-not'));
    // The driver's error, whose class may be another test file's: better-sqlite3 keeps the first that a process loads.
    await expect(failing).rejects.toMatchObject({ message: expect.stringMatching(/unique/i) });
    await other;
    expect(await stored('taken')).toEqual(['taken', 'taken-not']);
  });

  it('joins the unit that it is called in', async () => {
    const outer = unitOfWork.run(async () => {
      await unitOfWork.run(() => insert('joined'));
      throw new Error('outer');
    });
    await expect(outer).rejects.toThrow('outer');
    expect(await stored('joined')).toEqual([]);
  });

  it('refuses to write outside of a unit', () => {
    expect(() => unitOfWork.sql).toThrow(/outside of UnitOfWork/);
    expect(() => unitOfWork.entities).toThrow(/outside of UnitOfWork/);
  });

  it('runs the work in the asynchronous context of its caller', async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen = await Promise.all(
      [1, 2, 3].map((n) => storage.run(n, () => unitOfWork.run(async () => storage.getStore()))),
    );
    expect(seen).toEqual([1, 2, 3]);
  });

  it('shows readers only what is committed, and the unit itself its own writes', async () => {
    const reader = operator.app.get(Reader);
    const count = () =>
      reader
        .sql((sql) => sql.all("SELECT id FROM operator_session WHERE session_id = 'seen'"))
        .then((rows) => rows.length);
    let inserted!: () => void;
    const isInserted = new Promise<void>((resolve) => (inserted = resolve));
    let goOn!: () => void;
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));

    const unit = unitOfWork.run(async () => {
      await insert('seen');
      expect(await count()).toBe(1);
      inserted();
      await mayGoOn;
    });
    await isInserted;
    expect(await count()).toBe(0);
    goOn();
    await unit;
    expect(await count()).toBe(1);
  });
});
