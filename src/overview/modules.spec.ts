import fc from 'fast-check';
import { UPSTREAM_NAMES, type UpstreamName } from '../config/upstreams';
import { MODULES, parseModuleMap } from './module-map';
import { type Findings, combine, summarize } from './modules';
import type { Asked, Failure, Verdict } from './overview.types';
import { UnusableReply } from './reply';
import { parseVerdict } from './verdict';

const AT = new Date('2026-11-23T09:30:00Z');
const source = { path: '/', latencyMs: 3, error: null };

const said = (name: UpstreamName, status: string): Asked<Verdict> => ({
  source: { ...source, name, status: 'ok' },
  at: AT,
  value: parseVerdict({ status }),
  failure: null,
});
const silent = (name: UpstreamName, status: Failure['status'], reason: string): Asked<never> => ({
  source: { ...source, name, status: status === 'not_configured' ? 'not_configured' : 'failed', error: reason },
  at: AT,
  value: null,
  failure: { status, reason, isMissing: false },
});
const mapOf = (modules: object): Asked<Map<string, Verdict>> => ({
  source: { ...source, name: 'tentaculo_link', status: 'ok' },
  at: AT,
  value: parseModuleMap({ modules }),
  failure: null,
});
const NO_LINK = silent('tentaculo_link', 'not_configured', 'not configured');

function round(probes: Asked<Verdict>[], map: Findings['map'] = NO_LINK) {
  const unasked = UPSTREAM_NAMES.filter((name) => !probes.some((probe) => probe.source.name === name));
  const all = [...probes, ...unasked.map((name) => silent(name, 'not_configured', 'not configured'))];
  const modules = combine({
    probes: new Map(all.map((probe) => [probe.source.name, probe])),
    map,
    circuits: [],
    self: { version: '7.0', at: AT },
  });
  return { modules, ...summarize(modules) };
}

describe(combine.name, () => {
  it.each<[string, Asked<Verdict>, string, string, string | null]>([
    ['a probe that says ok', said('madre', 'ok'), 'error', 'ok', 'direct'],
    ['a probe that says error', said('madre', 'error'), 'ok', 'down', 'direct'],
    ['a probe that runs into a deadline', silent('madre', 'down', 'timeout'), 'ok', 'down', 'direct'],
    ['an open circuit', silent('madre', 'down', 'circuit open'), 'ok', 'down', 'direct'],
    ['not a probe that is refused', silent('madre', 'unknown', 'token refused (401)'), 'ok', 'ok', 'tentaculo_link'],
    ['not a probe that finds HTML', silent('madre', 'unknown', 'HTML'), 'error', 'down', 'tentaculo_link'],
    ['the probe’s reason where neither knows', silent('madre', 'unknown', 'HTML'), 'unknown', 'unknown', 'direct'],
  ])('believes %s before Tentáculo', (_, probe, inMap, status, by) => {
    const { modules } = round([probe], mapOf({ madre: { status: inMap } }));
    expect(modules.get('madre')).toMatchObject({ status, source: by });
  });

  it('knows a module that nobody knows from one that is not there', () => {
    const lost = silent('tentaculo_link', 'down', 'timeout');
    expect(round([]).modules.get('madre')).toMatchObject({ status: 'not_configured', source: null });
    expect(round([], mapOf({ mcp: 'ok' })).modules.get('madre')).toMatchObject({ status: 'not_configured' });
    expect(round([], lost).modules.get('madre')).toMatchObject({ status: 'unknown', error: 'tentaculo_link: timeout' });
  });
});

describe(summarize.name, () => {
  it.each<[string, Asked<Verdict>[], string, number, number]>([
    ['nothing is configured', [], 'ok', 1, 1],
    ['all are well', [said('madre', 'ok'), said('shub', 'healthy')], 'ok', 3, 3],
    ['one is not', [said('madre', 'ok'), said('shub', 'initializing')], 'degraded', 2, 3],
    ['one is not well and no other is there', [said('shub', 'initializing')], 'degraded', 1, 2],
    ['one cannot be told', [said('madre', 'ok'), silent('shub', 'unknown', 'HTML')], 'degraded', 2, 3],
    ['all are down', [said('madre', 'error'), silent('shub', 'down', 'timeout')], 'down', 1, 3],
    ['all are down or unknown', [said('madre', 'error'), silent('shub', 'unknown', 'HTML')], 'down', 1, 3],
    ['of none can it be told', [silent('shub', 'unknown', 'HTML')], 'unknown', 1, 2],
  ])('when %s', (_, probes, status, healthyModules, totalModules) => {
    expect(round(probes)).toMatchObject({ status, healthyModules, totalModules });
  });

  it('counts right whatever a map holds, and lists the ten first', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (map) => {
        const { modules, healthyModules, totalModules } = round([], mapOf({ mcp: 'ok', ...map }));
        expect([...modules.keys()].slice(0, 10)).toEqual(MODULES);
        const states = [...modules.values()];
        expect(healthyModules).toBe(states.filter(({ status }) => status === 'ok').length);
        expect(totalModules).toBe(states.filter(({ status }) => status !== 'not_configured').length);
        expect(healthyModules).toBeLessThanOrEqual(totalModules);
      }),
    );
  });
});

describe(parseModuleMap.name, () => {
  const statuses = (body: object) =>
    Object.fromEntries(
      [...parseModuleMap(body as Record<string, unknown>)].map(([name, { status }]) => [name, status]),
    );

  it.each([
    [{ modules_health: { madre: { status: 'ok' } }, modules: { mcp: { status: 'ok' } } }, { madre: 'ok' }],
    [{ modules: { 'operator-backend': { status: 'ok' } } }, { operator: 'ok' }],
    [{ modules: { operator_backend: { status: 'ok' } } }, { operator: 'ok' }],
    [{ modules: { Shubniggurath: { status: 'ok' } } }, { shub: 'ok' }],
    [{ modules: { shub: { status: 'error' }, shubniggurath: { status: 'healthy' } } }, { shub: 'ok' }],
    [{ modules: { shub: { status: 'healthy' }, shubniggurath: { status: 'error' } } }, { shub: 'ok' }],
    [{ modules: {}, madre_available: true, mcp_available: 'yes' }, { madre: 'ok' }],
    [{ policy_available: true, madre_available: false }, { madre: 'down' }],
  ])('reads %j', (body, expected) => {
    expect(statuses(body)).toEqual({ tentaculo_link: 'ok', ...expected });
  });

  it.each([
    {},
    { modules: [] },
    { modules: null },
    { modules: 'ok' },
    { modules_health: {} },
    { policy_available: true },
  ])('finds no map in %j', (body) => {
    expect(() => parseModuleMap(body as Record<string, unknown>)).toThrow(UnusableReply);
  });
});

describe(parseVerdict.name, () => {
  it('reads any JSON there is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        const { status, error } = parseVerdict(body);
        expect(['ok', 'degraded', 'down', 'unknown']).toContain(status);
        expect(error === null).toBe(status === 'ok');
      }),
    );
  });
});
