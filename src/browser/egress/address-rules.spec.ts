import fc from 'fast-check';
import * as ipaddr from 'ipaddr.js';
import { addressReason } from './address-rules';

const REASONS: [reason: string | null, addresses: string[]][] = [
  [null, ['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '93.184.216.34', '100.63.255.255', '100.128.0.0']],
  [null, ['126.255.255.255', '128.0.0.0', '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0']],
  [null, ['198.17.255.255', '198.20.0.0', '223.255.255.255', '2606:4700:4700::1111', '2a00:1450:4001::200e']],
  [
    'loopback',
    ['127.0.0.1', '127.255.255.255', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ],
  ['private', ['10.0.0.0', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', '::ffff:10.0.0.1']],
  ['link_local', ['169.254.0.0', '169.254.255.255', 'fe80::1', 'febf::1']],
  ['metadata', ['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192']],
  ['metadata', ['fd00:ec2::254', 'FD00:EC2:0:0::254', 'fd20:ce::254', '::ffff:169.254.169.254']],
  ['cgnat', ['100.64.0.0', '100.127.255.255']],
  ['unique_local', ['fc00::1', 'fdff:ffff::1']],
  ['nat64', ['64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1', '64:ff9b:1:ffff::10.0.0.1']],
  ['v4_mapped', ['::ffff:8.8.8.8', '::ffff:808:808']],
  ['v4_compatible', ['::127.0.0.1', '::8.8.8.8', '::2']],
  ['six_to_four', ['2002:7f00:1::', '2002:808:808::1']],
  ['teredo', ['2001::1', '2001:0:7f00:1::']],
  ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1', 'ff0e::1']],
  ['broadcast', ['255.255.255.255']],
  ['documentation', ['192.0.2.1', '198.51.100.7', '203.0.113.255', '2001:db8::1', '3fff:fff::1']],
  ['benchmarking', ['198.18.0.0', '198.19.255.255', '2001:2::1']],
  ['unspecified', ['0.0.0.0', '0.1.2.3', '::', '::ffff:0.0.0.0']],
  ['reserved', ['240.0.0.1', '255.255.255.254', '192.0.0.1', '192.88.99.1', '192.175.48.1', '192.52.193.1']],
  ['reserved', ['::ffff:0:7f00:1', '100::1', 'fec0::1', '2001:10::1', '2001:20::1', '2001:1ff::1', '5f00::1']],
  // Neither is given out, and `range()` calls both unicast.
  ['reserved', ['4000::1', '1::1']],
  [
    'malformed',
    ['', 'localhost', '127.1', '0x7f.0.0.1', '2130706433', '127.0.0.01', '1.1.1.1 ', '[::1]', 'fe80::1%1', '2606::1%1'],
  ],
];

/** Every network that must stay closed, as the registries of IANA have them. */
const FORBIDDEN = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/8', '::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23'],
  ...[
    '2001::/32',
    '2001:2::/48',
    '2001:db8::/32',
    '2002::/16',
    '2620:4f:8000::/48',
    '3fff::/20',
    '4000::/2',
    '5f00::/16',
  ],
  ...['8000::/1', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
];

describe(addressReason.name, () => {
  const cases = REASONS.flatMap(([reason, addresses]) => addresses.map((address) => ({ address, reason })));

  it.each(cases)('$address: $reason', ({ address, reason }) => expect(addressReason(address)).toBe(reason));

  it.each(FORBIDDEN)('refuses every address of %s', (cidr) => {
    const [network, prefix] = ipaddr.parseCIDR(cidr);
    const bytes = network.toByteArray();
    const noise = fc.uint8Array({ minLength: bytes.length, maxLength: bytes.length });
    const inside = noise.map((random) =>
      ipaddr.fromByteArray(
        bytes.map((byte, index) => {
          const host = 0xff >> Math.min(8, Math.max(0, prefix - index * 8));
          return (byte & ~host) | (random[index]! & host);
        }),
      ),
    );
    fc.assert(
      fc.property(inside, (address) => {
        expect(address.match(network as never, prefix)).toBe(true);
        expect(addressReason(address.toString())).not.toBeNull();
        if (address instanceof ipaddr.IPv4) expect(addressReason(`::ffff:${address.toString()}`)).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('refuses every IPv4 address that comes in the clothes of IPv6', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:'), (v4, prefix) => {
        expect(addressReason(prefix + v4)).not.toBeNull();
      }),
    );
  });
});
