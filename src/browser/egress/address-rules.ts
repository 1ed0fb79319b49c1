import { isIP } from 'node:net';
import * as ipaddr from 'ipaddr.js';

/** Why an address is not one that a page on the internet may lead to. */
export type AddressReason =
  | 'benchmarking'
  | 'broadcast'
  | 'cgnat'
  | 'documentation'
  | 'link_local'
  | 'loopback'
  | 'malformed'
  | 'metadata'
  | 'multicast'
  | 'nat64'
  | 'private'
  | 'reserved'
  | 'six_to_four'
  | 'teredo'
  | 'unique_local'
  | 'unspecified'
  | 'v4_compatible'
  | 'v4_mapped';

/** Where clouds hand out credentials. Azure's is in public space; the others are refused anyway, by another name. */
const METADATA = new Set(
  ['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200', '168.63.129.16', '192.0.0.192'].concat(
    ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'].map((address) => ipaddr.parse(address).toString()),
  ),
);

/** What `range()` lumps together under `reserved`, or does not know. */
const FINER: [cidr: string, reason: AddressReason][] = [
  ['192.0.2.0/24', 'documentation'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['198.18.0.0/15', 'benchmarking'],
  ['2001:db8::/32', 'documentation'],
  ['3fff::/20', 'documentation'],
  ['2001:2::/48', 'benchmarking'],
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['::/96', 'v4_compatible'],
];
const NETWORKS = FINER.map(([cidr, reason]) => ({ network: ipaddr.parseCIDR(cidr), reason }));

const WORDS: Record<string, AddressReason> = {
  broadcast: 'broadcast',
  carrierGradeNat: 'cgnat',
  linkLocal: 'link_local',
  loopback: 'loopback',
  multicast: 'multicast',
  private: 'private',
  rfc6052: 'nat64',
  '6to4': 'six_to_four',
  teredo: 'teredo',
  uniqueLocal: 'unique_local',
  unspecified: 'unspecified',
};

/** IANA gives out addresses of this block only; `range()` calls everything unknown outside of it unicast, too. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/** Null for a public unicast address, else why it is none. What is no address, or has a zone, is `malformed`. */
export function addressReason(text: string): AddressReason | null {
  const address = parse(text);
  if (!address) return 'malformed';
  if (METADATA.has(address.toString())) return 'metadata';

  // Whatever it maps to: nobody publishes such an address.
  if (isIP(text) === 6 && address.kind() === 'ipv4') return addressReason(address.toString()) ?? 'v4_mapped';

  const finer = NETWORKS.find(({ network }) => isWithin(address, network));
  if (finer) return finer.reason;
  const range = address.range();
  if (range !== 'unicast') return WORDS[range] ?? 'reserved';
  return address instanceof ipaddr.IPv6 && !address.match(GLOBAL_UNICAST) ? 'reserved' : null;
}

/** Whether the address, or the IPv4 address that it wraps, is in the network. */
export function isInNetwork(text: string, network: { address: string; prefix: number }): boolean {
  const address = parse(text);
  return address !== null && isWithin(address, [ipaddr.parse(network.address), network.prefix]);
}

/** Spelt anew by the URL parser first: the library takes `::1.2.3.4` for `::ffff:1.2.3.4`. */
function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (!isIP(text) || text.includes('%')) return null;
  return ipaddr.process(isIP(text) === 6 ? new URL(`http://[${text}]/`).hostname.slice(1, -1) : text);
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, [network, prefix]: [ipaddr.IPv4 | ipaddr.IPv6, number]): boolean {
  return address.kind() === network.kind() && address.match(network as never, prefix);
}
