import { MemoryWatch } from './memory-watch';
import { processTree } from './process-tree';

/** Of this very process: what it takes is known well enough. */
const size = async () => (await processTree(process.pid))!.bytes;

describe(MemoryWatch.name, () => {
  it('lets be what is small', async () => {
    const watch = new MemoryWatch(process.pid, (await size()) * 4);
    expect(await watch.look(true)).toEqual({ do: 'nothing' });
    expect(watch.bytes).toBeGreaterThan(10 * 2 ** 20);
  });

  it('has what has grown replaced, once nobody uses it', async () => {
    const watch = new MemoryWatch(process.pid, (await size()) * 1.5);
    expect(await watch.look(false)).toEqual({ do: 'nothing' });
    expect(await watch.look(true)).toEqual({ do: 'replace' });
  });

  it('ends what is too large and is no page', async () => {
    const watch = new MemoryWatch(process.pid, 1);
    expect(await watch.look(false)).toMatchObject({ do: 'end browser' });
    expect(watch.hasJustEndedAPage).toBe(false);
  });

  it('knows nothing of what is not there', async () => {
    const watch = new MemoryWatch(2 ** 22 + 1, 1);
    expect(await watch.look(true)).toEqual({ do: 'nothing' });
  });
});
