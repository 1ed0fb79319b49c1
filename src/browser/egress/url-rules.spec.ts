import { parseHostPattern } from '../../config/host-pattern';
import { addressesReason, hostReason } from './host-rules';
import { judgeUrl } from './url-rules';

const patterns = (...list: string[]) => list.map((text) => parseHostPattern(text)!);
const POLICY = {
  allow: patterns('intranet', '*.corp', '10.1.0.0/16', 'wiki.example:8443', '[fd12::/16]:81', '127.0.0.1:9000'),
  deny: patterns(
    'evil.example',
    '*.evil.example',
    '10.1.9.0/24',
    '8.8.4.4',
    'half.example:80',
    'xn--bcher-kva.example',
  ),
  ports: [80, 443],
};

const URLS: [url: string, reason: string | null][] = [
  ...['http://example.com/', 'https://example.com/a?b#c', 'HTTP://EXAMPLE.COM', 'http://8.8.8.8/'].map(ok),
  ...['http://example.com./', 'https://bücher.test/', 'http://[2606:4700::1111]/', 'http://example.com:443/'].map(ok),
  ...['http://intranet/', 'http://INTRANET./', 'http://a.corp/', 'http://a.b.corp/', 'http://10.1.2.3/'].map(ok),
  ...['https://wiki.example:8443/', 'http://[fd12::5]:81/', 'http://127.0.0.1:9000/', 'http://0x7f.1:9000/'].map(ok),
  ...['https://half.example/', 'http://not-evil.example/', `http://example.com/${'a'.repeat(2_029)}`].map(ok),
  [`http://example.com/${'a'.repeat(2_030)}`, 'too_long'],
  [`http://example.com/${'ü'.repeat(1_000)}`, 'too_long'],
  ...['', ' ', 'example.com', '//example.com', 'http://', 'http://[::1', 'http://a b/', 'http://1.2.3.4.5/'].map(bad),
  ...['http://256.1.1.1/', 'http://a..b/', 'http://a%00b/', 'http://-%2F/', `http://${'a'.repeat(64)}.com/`].map(bad),
  ...['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', 'blob:http://a/b', 'ftp://a.com/'].map(scheme),
  ...['view-source:http://a.com/', 'chrome://crash', 'about:blank', 'ws://a.com/', 'filesystem:http://a.com/'].map(
    scheme,
  ),
  ['http://user@example.com/', 'credentials'],
  ['http://:secret@example.com/', 'credentials'],
  ['http://example.com@127.0.0.1/', 'credentials'],
  ...['22', '25', '6379', '8080', '0', '65535'].map((port): [string, string] => [
    `http://example.com:${port}/`,
    'port',
  ]),
  ['http://wiki.example:8444/', 'port'],
  ['http://[fd12::5]/', 'unique_local'],
  ...['http://127.0.0.1/', 'http://127.1/', 'http://2130706433/', 'http://0x7f000001/', 'http://0177.0.0.1/'].map(loop),
  ...['http://127.0.0.1./', 'http://[::1]/', 'http://[::ffff:127.0.0.1]/', 'http://１２７.0.0.1/'].map(loop),
  ...[
    'http://%31%32%37.0.0.1/',
    'http:\\\\127.0.0.1\\',
    'http:127.0.0.1',
    ' http://127.0.0.1/',
    'ht\ntp://127.0.0.1/',
  ].map(loop),
  ['http://0/', 'unspecified'],
  ['http://10.2.0.1/', 'private'],
  ['http://169.254.169.254/latest/meta-data/', 'metadata'],
  ...['http://localhost/', 'http://LOCALHOST./', 'http://a.localhost/', 'http://printer.local/', 'http://printer/'].map(
    inner,
  ),
  ...['http://metadata.google.internal/', 'http://metadata/', 'http://instance-data/', 'http://corp/'].map(inner),
  ...['http://evil.example/', 'http://EVIL.example./', 'http://a.evil.example/', 'http://10.1.9.9/'].map(denied),
  ...['http://8.8.4.4/', 'http://134743044/', 'http://half.example/', 'http://bücher.example/'].map(denied),
];
function ok(url: string): [string, null] {
  return [url, null];
}
function bad(url: string): [string, string] {
  return [url, 'malformed'];
}
function scheme(url: string): [string, string] {
  return [url, 'scheme'];
}
function loop(url: string): [string, string] {
  return [url, 'loopback'];
}
function inner(url: string): [string, string] {
  return [url, 'inner_name'];
}
function denied(url: string): [string, string] {
  return [url, 'denied'];
}

describe(judgeUrl.name, () => {
  it.each(URLS)('%j: %s', (url, reason) => {
    expect(judgeUrl(url, POLICY)).toEqual({ url: reason === null ? new URL(url).href : null, reason });
  });
});

describe(addressesReason.name, () => {
  const name = (text: string, port = 80) => ({ host: { kind: 'name' as const, text }, port });

  it.each<[string, string[], string | null]>([
    ['example.com', ['8.8.8.8', '2606:4700::1111'], null],
    ['example.com', ['8.8.8.8', '10.2.0.1'], 'private'],
    ['example.com', ['8.8.8.8', '::ffff:8.8.8.8'], 'v4_mapped'],
    ['example.com', ['10.1.2.3'], null],
    ['example.com', ['10.1.2.3', '10.1.9.1'], 'denied'],
    ['example.com', ['127.0.0.1'], 'loopback'],
    ['example.com', ['nonsense'], 'malformed'],
    ['a.corp', ['192.168.0.1', 'fd00::1'], null],
    ['a.corp', ['192.168.0.1', '8.8.4.4'], 'denied'],
    ['a.corp', ['169.254.169.254'], 'metadata'],
  ])('%s at %j: %s', (host, addresses, reason) => {
    expect(addressesReason(name(host), addresses, POLICY)).toBe(reason);
  });

  it('opens a cloud’s metadata by its very address alone', () => {
    const target = { host: { kind: 'address' as const, text: '169.254.169.254' }, port: 80 };
    const reason = (allow: string) => hostReason(target, { ...POLICY, allow: patterns(allow) });
    expect([reason('169.254.0.0/16'), reason('0.0.0.0/0'), reason('169.254.169.254')]).toEqual([
      'metadata',
      'metadata',
      null,
    ]);
  });
});

describe(parseHostPattern.name, () => {
  it.each([
    '*',
    '*.',
    '*.*.com',
    'a.*',
    '*.10.0.0.1',
    '10.0.0.0/33',
    '10.0/8',
    '1.2.3.4/',
    'a/8',
    '::1/129',
    'fe80::1%1',
  ])('refuses %s', (text) => expect(parseHostPattern(text)).toBeNull());
  it.each([
    '::ffff:10.0.0.0/104',
    '[::1',
    '[a]:80',
    'a:0',
    'a:65536',
    'a:b',
    'a:',
    ':80',
    'http://a',
    'a b',
    'u@a',
    '',
  ])('refuses %j', (text) => expect(parseHostPattern(text)).toBeNull());

  it('reads every form that a URL has for the same host as the same', () => {
    const same = ['127.0.0.1', '127.1', '0x7f000001'].map((text) => parseHostPattern(text));
    expect(same).toEqual(Array(3).fill({ kind: 'network', address: '127.0.0.1', prefix: 32, port: null }));
    expect(parseHostPattern('*.BÜCHER.example.:81')).toEqual({
      kind: 'subdomains',
      of: 'xn--bcher-kva.example',
      port: 81,
    });
  });
});
