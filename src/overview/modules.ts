import type { UpstreamName } from '../config/upstreams';
import type { BreakerState } from '../upstream/breaker';
import { MODULES } from './module-map';
import type { Asked, ModuleState, Overview, Verdict } from './overview.types';

/** All that one round brought in. */
export interface Findings {
  /** What each module answered when it was asked directly. */
  probes: Map<string, Asked<Verdict>>;
  /** What Tentáculo says, or why it says nothing. */
  map: Asked<Map<string, Verdict>>;
  circuits: { name: UpstreamName; circuit: BreakerState }[];
  /** Operator knows about itself without asking. */
  self: { version: string; at: Date };
}

/** Every module's state: the ten that are always listed, then those that only Tentáculo knows. */
export function combine(findings: Findings): Map<string, ModuleState> {
  const others = [...(findings.map.value?.keys() ?? [])].filter((name) => !MODULES.includes(name)).sort();
  return new Map([...MODULES, ...others].map((name) => [name, stateOf(name, findings)]));
}

/** Those that somebody was asked about. A module without an address that nobody reports is none of this system. */
export function summarize(modules: Map<string, ModuleState>): Omit<Overview, 'modules' | 'sources'> {
  const counted = [...modules.values()].filter(({ source }) => source !== null);
  const around = counted.filter(({ source }) => source !== 'self');
  const healthyModules = counted.filter(({ status }) => status === 'ok').length;
  return { status: total(around), healthyModules, totalModules: counted.length };
}

/** How the modules around Operator are, taken together. */
function total(around: ModuleState[]): Overview['status'] {
  const every = (...among: string[]) => around.every(({ status }) => among.includes(status));
  if (every('ok')) return 'ok';
  if (every('unknown')) return 'unknown';
  return every('down', 'unknown') ? 'down' : 'degraded';
}

function stateOf(name: string, { probes, map, circuits, self }: Findings): ModuleState {
  const circuit = circuits.find((entry) => entry.name === name)?.circuit ?? null;
  if (name === 'operator') {
    const { version, at } = self;
    return { ...BLANK, status: 'ok', reported: 'ok', version, checkedAt: at, source: 'self' };
  }

  const probe = probes.get(name);
  const direct = probe && directly(probe, circuit);
  // What a module itself just said is newer than what Tentáculo noted. Where it said nothing, the note is better.
  if (direct && direct.status !== 'unknown') return direct;
  const verdict = map.value?.get(name);
  if (verdict && (verdict.status !== 'unknown' || !direct)) {
    return { ...BLANK, ...verdict, checkedAt: map.at, source: 'tentaculo_link', circuit };
  }
  if (direct) return direct;
  // Tentáculo could have known it.
  const isUnknown = map.failure && map.source.status !== 'not_configured';
  if (isUnknown) return { ...BLANK, status: 'unknown', error: `tentaculo_link: ${map.failure.reason}` };
  return { ...BLANK, status: 'not_configured' };
}

function directly({ value, failure, source, at }: Asked<Verdict>, circuit: BreakerState | null): ModuleState | null {
  if (failure?.status === 'not_configured') return null;
  const found = value ?? { status: failure.status, error: failure.reason };
  return { ...BLANK, ...found, latencyMs: source.latencyMs, checkedAt: at, source: 'direct', circuit };
}

const BLANK: Omit<ModuleState, 'status'> = {
  reported: null,
  version: null,
  latencyMs: null,
  checkedAt: null,
  error: null,
  source: null,
  circuit: null,
};
