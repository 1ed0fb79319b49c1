import fc from 'fast-check';
import { parseResources, parseTokenBudget } from './hermes';
import { UnusableReply, isObject } from './reply';

const tools = (body: object) =>
  parseResources(body as Record<string, unknown>).cliTools?.map(({ name, available }) => [name, available]);
const models = (...local_models: unknown[]) => parseResources({ local_models }).localModels;

describe(parseResources.name, () => {
  it.each<[object, unknown]>([
    [{ cli_registry: [{ name: 'gh', available: true }] }, [['gh', true]]],
    [{ cli_registry: [{ name: 'gh', available: false }], cli_providers: [{ provider: 'gh' }] }, [['gh', false]]],
    [{ cli_providers: [{ provider: 'deepseek_r1', limit_daily: 1 }] }, [['deepseek_r1', true]]],
    [
      { cli: { gh: false, docker: true } },
      [
        ['gh', false],
        ['docker', true],
      ],
    ],
    [{ cli: { gh: { available: false } } }, [['gh', false]]],
    [{ cli: { gh: 'no idea' } }, []],
    [{ cli_registry: ['gh', '', 7, null, {}, { name: ['x'] }, [{ name: 'y' }]] }, [['gh', true]]],
    [{ cli_registry: [] }, []],
    [{ cli_registry: {}, local_models: [] }, undefined],
  ])('reads the tools of %j', (body, expected) => {
    expect(tools(body)).toEqual(expected);
  });

  it.each([
    ['tiny', { name: 'tiny', sizeMb: null, available: true }],
    [
      { name: 'tiny', size_mb: 0.5, status: 'available' },
      { name: 'tiny', sizeMb: 0.5, available: true },
    ],
    [
      { name: 'tiny', status: 'downloading' },
      { name: 'tiny', sizeMb: null, available: false },
    ],
    [
      { name: 'tiny', status: 'available', available: false },
      { name: 'tiny', sizeMb: null, available: false },
    ],
    [
      { name: 'tiny', size_mb: -1 },
      { name: 'tiny', sizeMb: null, available: true },
    ],
    [
      { name: 'tiny', size_mb: 'large' },
      { name: 'tiny', sizeMb: null, available: true },
    ],
  ])('reads the model %j', (entry, expected) => {
    expect(models(entry)).toEqual([expected]);
  });

  it('passes on a hundred of each, by names of bounded length', () => {
    const found = models(...Array.from({ length: 5_000 }, (_, index) => `${index}-${'x'.repeat(100)}`))!;
    expect(found).toHaveLength(100);
    expect(found[0]!.name).toHaveLength(64);
  });

  it('reads any object there is, or says that it cannot', () => {
    const like = fc.record(
      { local_models: fc.anything(), cli_registry: fc.anything(), cli_providers: fc.anything(), cli: fc.anything() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(like, fc.jsonValue().filter(isObject)), (body) => {
        try {
          parseResources(body as Record<string, unknown>);
        } catch (error) {
          expect(error).toBeInstanceOf(UnusableReply);
        }
      }),
    );
  });
});

describe(parseTokenBudget.name, () => {
  it.each<[unknown, unknown]>([
    [[{ limit_daily: 1000, used: 15 }], { max: 1000, available: 985 }],
    [
      { a: { limit_daily: 10, used: 25 }, b: { limit_daily: 5, used: 0 } },
      { max: 15, available: 5 },
    ],
    [[{ limit_daily: 10, used: 1 }, { limit_daily: 5 }], { max: 15, available: null }],
    [[{ limit_daily: 10, used: 'some' }], { max: 10, available: null }],
    [[{ limit_daily: 10.7, used: 0.2 }, 'x', null, { limit_daily: -1 }], { max: 10, available: 10 }],
    [
      [
        { limit_daily: 2 ** 53 - 1, used: 0 },
        { limit_daily: 2 ** 53 - 1, used: 0 },
      ],
      { max: 2 ** 53 - 1, available: 2 ** 53 - 1 },
    ],
  ])('adds up %j', (cli_tokens, expected) => {
    expect(parseTokenBudget({ cli_tokens })).toEqual(expected);
  });

  it.each([undefined, null, [], {}, 'many', [{ used: 3 }], [{ limit_daily: '10' }]])(
    'makes nothing up for %j',
    (cli_tokens) => {
      expect(() => parseTokenBudget({ cli_tokens })).toThrow(UnusableReply);
    },
  );
});
