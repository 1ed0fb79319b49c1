import { SwitchAbortedError, SwitchServerError, SwitchUnavailableError } from '../switch.errors';
import type { SwitchGateway } from '../switch-gateway.service';
import type { ToolOffer } from '../../tools/tool.types';
import type { EngineName, OnText, Prompt, SwitchReply } from '../switch-gateway.types';
import { EngineChain } from './engine-chain';

const TOOL = { name: 'browse' } as ToolOffer;
const prompt = (engine: EngineName | null = null) => ({ messages: [], tools: [TOOL], engine }) as unknown as Prompt;

/** Answers with its own name, unless told otherwise. */
function fakeEngine(name: EngineName, more: Partial<SwitchGateway> = {}) {
  const chat = jest.fn<Promise<SwitchReply>, [Prompt, AbortSignal?, OnText?]>(async (_prompt, _signal, onText) => {
    onText?.(name);
    return { text: name, engine: name, servedBy: name, fallbackFrom: [], tokens: 1, isPartial: false, toolCalls: [] };
  });
  const health = jest.fn(async () => ({ isHealthy: true, detail: 'Well.' }));
  const asked = (operation: string) => jest.fn(async () => `${operation} of ${name}`);
  return {
    name,
    takesTools: name === 'openai',
    takesFeedback: name === 'vx11',
    chat,
    health,
    task: asked('task'),
    submitFeedback: asked('feedback'),
    queueStatus: asked('queue'),
    models: asked('models'),
    setDefaultModel: asked('default'),
    preloadModel: asked('preload'),
    ...more,
  } as unknown as SwitchGateway & { chat: typeof chat; health: typeof health };
}

describe(EngineChain.name, () => {
  let vx11: ReturnType<typeof fakeEngine>;
  let openai: ReturnType<typeof fakeEngine>;
  let embedded: ReturnType<typeof fakeEngine>;
  let chain: EngineChain;
  let told: string[];

  const chat = (engine: EngineName | null = null, signal?: AbortSignal) =>
    chain.chat(prompt(engine), signal, (piece) => told.push(piece));

  beforeEach(() => {
    vx11 = fakeEngine('vx11');
    openai = fakeEngine('openai');
    embedded = fakeEngine('embedded');
    chain = new EngineChain([vx11, openai, embedded]);
    told = [];
  });

  it('asks the first, and nobody else if that answers', async () => {
    expect(await chat()).toMatchObject({ text: 'vx11', servedBy: 'vx11', fallbackFrom: [] });
    expect(told).toEqual(['vx11']);
    expect(openai.chat).not.toHaveBeenCalled();
  });

  it('falls back from one to the next, and says from whom and why', async () => {
    vx11.chat.mockRejectedValue(new SwitchUnavailableError());
    openai.chat.mockRejectedValue(new SwitchServerError(500));
    expect(await chat()).toMatchObject({
      text: 'embedded',
      servedBy: 'embedded',
      fallbackFrom: [
        { engine: 'vx11', error: 'switch_unavailable' },
        { engine: 'openai', error: 'switch_error' },
      ],
    });
    expect(told).toEqual(['embedded']);
  });

  it('fails as the last one does when nobody answers', async () => {
    chain = new EngineChain([vx11, openai]);
    vx11.chat.mockRejectedValue(new SwitchUnavailableError());
    openai.chat.mockRejectedValue(new SwitchServerError(502));
    await expect(chat()).rejects.toMatchObject({ status: 502 });
  });

  it('does not let another take over from one that was heard', async () => {
    vx11.chat.mockImplementation(async (_prompt, _signal, onText) => {
      onText?.('half an');
      throw new SwitchServerError(500);
    });
    await expect(chat()).rejects.toBeInstanceOf(SwitchServerError);
    expect(told).toEqual(['half an']);
    expect(openai.chat).not.toHaveBeenCalled();
  });

  it('asks nobody else when the caller gave up', async () => {
    const abort = new AbortController();
    vx11.chat.mockImplementation(async () => {
      abort.abort();
      throw new SwitchUnavailableError();
    });
    await expect(chat(null, abort.signal)).rejects.toBeInstanceOf(SwitchUnavailableError);
    vx11.chat.mockRejectedValue(new SwitchAbortedError());
    await expect(chat()).rejects.toBeInstanceOf(SwitchAbortedError);
    expect(openai.chat).not.toHaveBeenCalled();
  });

  it('hides no fault of ours behind another engine', async () => {
    vx11.chat.mockRejectedValue(new TypeError('x is undefined'));
    await expect(chat()).rejects.toThrow(TypeError);
    expect(openai.chat).not.toHaveBeenCalled();
  });

  it('stays with the engine that has begun the turn', async () => {
    expect(await chat('openai')).toMatchObject({ servedBy: 'openai', fallbackFrom: [] });
    expect(vx11.chat).not.toHaveBeenCalled();
    openai.chat.mockRejectedValue(new SwitchUnavailableError());
    await expect(chat('openai')).rejects.toBeInstanceOf(SwitchUnavailableError);
    expect(embedded.chat).not.toHaveBeenCalled();
  });

  it('begins anew when that one is no longer there', async () => {
    chain = new EngineChain([openai, embedded]);
    expect(await chat('vx11')).toMatchObject({ servedBy: 'openai' });
  });

  it('offers tools to those that take them', async () => {
    vx11.chat.mockRejectedValue(new SwitchUnavailableError());
    await chat();
    expect(vx11.chat.mock.calls[0]![0].tools).toEqual([]);
    expect(openai.chat.mock.calls[0]![0].tools).toEqual([TOOL]);
  });

  it('is what its engines are together', () => {
    expect(chain).toMatchObject({ name: 'vx11', takesTools: true, takesFeedback: true });
    expect(new EngineChain([embedded, fakeEngine('vx11')])).toMatchObject({ name: 'embedded', takesTools: false });
    expect(new EngineChain([openai, embedded])).toMatchObject({ name: 'openai', takesFeedback: false });
  });

  it('asks the first for all else, and gives feedback to the one that takes it', async () => {
    chain = new EngineChain([openai, vx11]);
    const feedback = { engine: 'x', success: true, latencyMs: 1 };
    expect(
      await Promise.all([
        chain.task({ taskType: 't', payload: {} }),
        chain.queueStatus(),
        chain.models(),
        chain.setDefaultModel('m'),
        chain.preloadModel('m'),
        chain.submitFeedback(feedback),
      ]),
    ).toEqual([
      'task of openai',
      'queue of openai',
      'models of openai',
      'default of openai',
      'preload of openai',
      'feedback of vx11',
    ]);
    expect(await new EngineChain([openai, embedded]).submitFeedback(feedback)).toBe('feedback of openai');
  });

  it('is well while one of them is, and says how each is', async () => {
    vx11.health.mockResolvedValue({ isHealthy: false, detail: 'Switch cannot be reached.' });
    expect(await chain.health()).toEqual({
      isHealthy: true,
      detail: 'vx11: Switch cannot be reached. openai: Well. embedded: Well.',
    });
    for (const engine of [openai, embedded]) engine.health.mockResolvedValue({ isHealthy: false, detail: 'Ill.' });
    expect(await chain.health()).toMatchObject({ isHealthy: false });
  });
});
