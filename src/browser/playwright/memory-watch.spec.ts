import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { MemoryWatch } from './memory-watch';
import { processTree } from './process-tree';

describe(MemoryWatch.name, () => {
  /** Something that takes some memory and does nothing. */
  let idler: ChildProcess;
  beforeAll(async () => {
    idler = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => undefined, 1000)']);
    await once(idler.stdout!, 'data');
  });
  afterAll(() => idler.kill('SIGKILL'));

  const watching = (maxBytes: number) => new MemoryWatch(idler.pid!, maxBytes);
  const size = async () => (await processTree(idler.pid!))!.bytes;

  it('lets be what is small', async () => {
    const watch = watching((await size()) * 4);
    expect(await watch.look(true)).toEqual({ do: 'nothing' });
    expect(watch.bytes).toBeGreaterThan(10 * 2 ** 20);
  });

  it('has what has grown replaced, once nobody uses it', async () => {
    const watch = watching((await size()) * 1.5);
    expect(await watch.look(false)).toEqual({ do: 'nothing' });
    expect(await watch.look(true)).toEqual({ do: 'replace' });
  });

  it('ends what is too large and is no page', async () => {
    const watch = watching(1);
    expect(await watch.look(false)).toMatchObject({ do: 'end browser' });
    expect(watch.hasJustEndedAPage).toBe(false);
  });

  it('knows nothing of what is not there', async () => {
    const watch = new MemoryWatch(2 ** 22 + 1, 1);
    expect(await watch.look(true)).toEqual({ do: 'nothing' });
  });
});
