import { isIP } from 'node:net';
import type { Host, HostPattern } from '../../config/host-pattern';
import { type AddressReason, addressReason, isInNetwork } from './address-rules';

/** Why a host may not be reached: its address, its name, its port, or the owner's deny-list. */
export type HostReason = AddressReason | 'denied' | 'inner_name' | 'port';

export interface EgressPolicy {
  /** What may be reached although it would be refused. All that is public may be reached anyway. */
  readonly allow: readonly HostPattern[];
  /** What may not, whatever else is said. */
  readonly deny: readonly HostPattern[];
  readonly ports: readonly number[];
}

export interface Target {
  host: Host;
  port: number;
}

/** Names that mean something inside a network only, or ask a cloud for credentials. */
const INNER_NAME = /^[^.]+$|(^|\.)(localhost|local|internal|localdomain|lan|home\.arpa|intranet|corp|home|private)$/;

/** What can be said before the name is resolved. */
export function hostReason({ host, port }: Target, { allow, deny, ports }: EgressPolicy): HostReason | null {
  if (deny.some((pattern) => matches(pattern, host, port))) return 'denied';
  const allowed = allow.filter((pattern) => matches(pattern, host, port));
  if (!ports.includes(port) && !allowed.some((pattern) => pattern.port === port)) return 'port';
  if (host.kind === 'name') return INNER_NAME.test(host.text) && allowed.length === 0 ? 'inner_name' : null;
  return refusal(host.text, allowed);
}

/** What must be said of every address that the host stands for; the first reason found. */
export function addressesReason(target: Target, addresses: readonly string[], policy: EgressPolicy): HostReason | null {
  const { host, port } = target;
  for (const text of addresses) {
    const address: Host = { kind: 'address', text };
    if (policy.deny.some((pattern) => matches(pattern, address, port))) return 'denied';
    const allowed = policy.allow.filter((pattern) => matches(pattern, host, port) || matches(pattern, address, port));
    const reason = refusal(text, allowed);
    if (reason) return reason;
  }
  return null;
}

/** A cloud's credentials are opened by their very address alone: who allows a name or a network did not mean them. */
function refusal(address: string, allowed: HostPattern[]): AddressReason | null {
  const reason = addressReason(address);
  if (reason === null || reason === 'malformed') return reason;
  const opens = reason === 'metadata' ? allowed.some(isOneAddress) : allowed.length > 0;
  return opens ? null : reason;
}

function isOneAddress(pattern: HostPattern): boolean {
  return pattern.kind === 'network' && pattern.prefix === (isIP(pattern.address) === 4 ? 32 : 128);
}

function matches(pattern: HostPattern, host: Host, port: number): boolean {
  if (pattern.port !== null && pattern.port !== port) return false;
  switch (pattern.kind) {
    case 'network':
      return host.kind === 'address' && isInNetwork(host.text, pattern);
    case 'name':
      return host.kind === 'name' && host.text === pattern.name;
    case 'subdomains':
      return host.kind === 'name' && host.text.endsWith(`.${pattern.of}`);
  }
}
