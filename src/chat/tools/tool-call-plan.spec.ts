import fc from 'fast-check';
import { z } from 'zod';
import type { EngineName, ToolRequest } from '../../switch-gateway/switch-gateway.types';
import type { TurnToolCall } from '../../telemetry/tool-calls/tool-call.types';
import type { Tool, ToolEffects } from '../../tools/tool.types';
import {
  CALLS_AT_ONCE,
  type Circumstances,
  hashOf,
  planCalls,
  readArguments,
  readsForeignText,
} from './tool-call-plan';

const aTool = (effects: ToolEffects, parameters: z.ZodObject = z.object({ url: z.string() })): Tool => ({
  name: effects,
  description: '',
  parameters,
  effects,
  deadlineMs: 1_000,
  resultBytes: 1_000,
  isOffered: true,
  run: () => Promise.reject(new Error('not here')),
});
const TOOLS = new Map([
  ['read', aTool('read')],
  ['write', aTool('write')],
]);
const FITTING = '{"url":"https://a.test"}';

const aRequest = (name: string, given = FITTING): ToolRequest => ({ id: 'a', name, arguments: given });
const plan = (requests: ToolRequest[], circumstances: Partial<Circumstances> = {}, tools = TOOLS) =>
  planCalls(requests, (name) => tools.get(name), {
    engine: 'openai',
    policy: 'write',
    hasReadForeignText: false,
    ...circumstances,
  });
const planOne = (...given: Parameters<typeof aRequest>) => plan([aRequest(...given)])[0]!;
/** What a database of ours can hold. */
const isStorable = (text: string) => text.isWellFormed() && !text.includes('\0');

describe(planCalls.name, () => {
  it.each<[Circumstances['policy'], ToolEffects, boolean, boolean]>([
    ['write', 'read', false, false],
    ['write', 'read', true, false],
    ['write', 'write', false, true],
    ['write', 'write', true, true],
    ['all', 'read', false, true],
    ['all', 'read', true, true],
    ['all', 'write', false, true],
    ['all', 'write', true, true],
    ['none', 'read', false, false],
    ['none', 'read', true, false],
    ['none', 'write', false, false],
    ['none', 'write', true, true],
  ])(
    'under %s, of a tool that can %s, where foreign text was read: %j, has somebody agree: %j',
    (policy, effects, hasReadForeignText, needsApproval) => {
      for (const engine of ['vx11', 'openai'] satisfies EngineName[]) {
        const planned = plan([aRequest(effects)], { engine, policy, hasReadForeignText });
        expect(planned).toEqual([{ toolName: effects, arguments: FITTING, refusal: null, needsApproval }]);
      }
      const [typed] = plan([aRequest(effects)], { engine: 'embedded', policy, hasReadForeignText });
      expect(typed).toMatchObject({ refusal: null, needsApproval: false });
    },
  );

  it.each([
    ['a tool that there is not', 'delete', FITTING, 'There is no tool "delete".'],
    ['a tool without a name', '', FITTING, 'There is no tool "".'],
    ['arguments that are no JSON', 'write', '{"url":', 'The arguments are no JSON.'],
    ['arguments that lack something', 'write', '{}', 'url'],
    ['no arguments where there must be some', 'write', ' \n', 'url'],
    ['arguments of another type', 'write', '{"url":1}', 'url'],
    ['arguments in an array', 'write', '["https://a.test"]', 'arguments: '],
    ['null for arguments', 'write', 'null', 'arguments: '],
  ])('refuses %s, and asks nobody about it', (_, name, given, why) => {
    const [planned] = plan([aRequest(name, given)], { policy: 'all', hasReadForeignText: true });
    expect(planned!.needsApproval).toBe(false);
    expect(planned!.refusal).toContain(why);
    expect(planned!.arguments).toBe(given);
  });

  it('refuses what is beyond the calls that are run at once, and that alone', () => {
    const requests = Array.from({ length: CALLS_AT_ONCE + 2 }, () => aRequest('write'));
    const planned = plan(requests);
    expect(planned.map(({ refusal }) => refusal === null)).toEqual(requests.map((_, index) => index < CALLS_AT_ONCE));
    expect(planned.map(({ needsApproval }) => needsApproval)).toEqual(
      requests.map((_, index) => index < CALLS_AT_ONCE),
    );
    expect(planned.at(-1)!.refusal).toContain(String(CALLS_AT_ONCE));
  });

  it('plans each call for itself, in order', () => {
    const planned = plan([aRequest('write', '{'), aRequest('read'), aRequest('nothing'), aRequest('write')]);
    expect(planned.map(({ refusal }) => refusal === null)).toEqual([false, true, false, true]);
    expect(planned.map(({ toolName }) => toolName)).toEqual(['write', 'read', 'nothing', 'write']);
  });

  it('plans nothing where nothing is asked for', () => expect(plan([])).toEqual([]));

  it.each([
    ['', 'unknown_tool'],
    ['a\0b', 'a\uFFFDb'],
    ['a\uD800b', 'a\uFFFDb'],
    ['x'.repeat(100), 'x'.repeat(100)],
    ['x'.repeat(101), 'x'.repeat(100)],
    [' ', ' '],
  ])('records the name %j as %j', (name, recorded) => expect(planOne(name).toolName).toBe(recorded));

  it('marks in the arguments what no database holds', () => {
    expect(planOne('read', '{"url":"\0\uDC00"}').arguments).toBe('{"url":"\uFFFD\uFFFD"}');
  });

  it('records names, arguments and reasons as every database can hold them', () => {
    const strict = new Map([['strict', aTool('read', z.strictObject({}))]]);
    const text = fc.string({ unit: fc.constantFrom('a', '\0', '😀', '\uD800', '\uDC00', '"', '\\u0000') });
    const name = fc.oneof(
      fc.constant('strict'),
      text,
      text.map((end) => 'x'.repeat(99) + end),
    );
    const given = fc.oneof(
      text,
      fc.dictionary(text, text).map((object) => JSON.stringify(object)),
    );
    fc.assert(
      fc.property(name, given, (toolName, args) => {
        const [planned] = plan([aRequest(toolName, args)], {}, strict);
        expect(planned!.toolName.length).toBeLessThanOrEqual(100);
        expect(planned!.toolName).not.toBe('');
        expect([planned!.toolName, planned!.arguments, planned!.refusal ?? ''].map(isStorable)).not.toContain(false);
      }),
      {
        examples: [
          ['x'.repeat(99) + '😀', '{}'],
          ['strict', '{"\\u0000":1}'],
        ],
      },
    );
  });
});

describe(readArguments.name, () => {
  const tool = aTool('read', z.object({ url: z.string().optional(), depth: z.number().default(1) }));

  it.each([
    ['', { depth: 1 }],
    [' \n', { depth: 1 }],
    ['{}', { depth: 1 }],
    [' {"url":"https://a.test","depth":2} ', { url: 'https://a.test', depth: 2 }],
    ['{"else":true}', { depth: 1 }],
  ])('reads %j', (text, value) => expect(readArguments(tool, text)).toEqual({ value }));

  it.each(['{', 'null', '[]', '"{}"', '1', 'url', '{"depth":"2"}', '{"url":null}'])('has a problem with %j', (text) =>
    expect(readArguments(tool, text)).toEqual({ problem: expect.stringMatching(/^The arguments .*\.$/) }),
  );

  it('names the first five of what does not fit', () => {
    const picky = aTool('read', z.object(Object.fromEntries([...'abcdefg'].map((key) => [key, z.string()]))));
    const { problem } = readArguments(picky, '{}') as { problem: string };
    expect([...'abcdefg'].filter((key) => problem.includes(` ${key}: `))).toEqual([...'abcde']);
  });

  it('says where it is that something does not fit', () => {
    const nested = aTool('read', z.object({ pages: z.array(z.object({ url: z.string() })) }));
    expect(readArguments(nested, '{"pages":[{"url":"a"},{}]}')).toEqual({
      problem: expect.stringContaining('pages.1.url: '),
    });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(Object.keys(readArguments(tool, text))).toHaveLength(1);
      }),
    );
  });
});

describe(hashOf.name, () => {
  it('is SHA-256 in hexadecimal', () => {
    expect(hashOf('browse', '{}')).toBe('ac70d6293cd0449c66dc336ebca5a6a3b6d8509ba4020061ad93be866104067b');
  });

  it('is the same for the same call, and another when one character of it is another', () => {
    const name = fc.stringMatching(/^[a-z_]{1,20}$/);
    const unlike = (text: string, at: number, character: string) =>
      text.slice(0, at % (text.length + 1)) + character + text.slice((at % (text.length + 1)) + 1);
    fc.assert(
      fc.property(name, fc.json(), fc.nat(), fc.stringMatching(/^[a-z]$/), (toolName, given, at, character) => {
        expect(hashOf(toolName, given)).toBe(hashOf(toolName, given));
        const otherName = unlike(toolName, at, character);
        const otherArguments = unlike(given, at, character);
        if (otherName !== toolName) expect(hashOf(otherName, given)).not.toBe(hashOf(toolName, given));
        if (otherArguments !== given) expect(hashOf(toolName, otherArguments)).not.toBe(hashOf(toolName, given));
      }),
    );
  });

  it.each([
    ['browse', '{}', 'browse', '{} '],
    ['browse', '{}', 'browsE', '{}'],
    ['browse', '{}', 'brows', 'e{}'],
    ['browse', '', 'brows', 'e'],
    ['a', '{"n":1}', 'a', '{"n":2}'],
  ])('differs between %s with %j and %s with %j', (name, given, otherName, otherGiven) =>
    expect(hashOf(name, given)).not.toBe(hashOf(otherName, otherGiven)),
  );
});

describe(readsForeignText.name, () => {
  it.each<[(string | null)[], boolean]>([
    [[], false],
    [[null], false],
    [['https://a.test', null], true],
  ])('of %j: %j', (sources, expected) =>
    expect(readsForeignText(sources.map((source) => ({ source }) as TurnToolCall))).toBe(expected),
  );
});
