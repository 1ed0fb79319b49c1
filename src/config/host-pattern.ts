import { isIP } from 'node:net';
import * as ipaddr from 'ipaddr.js';

/** A host as it is compared and resolved: the one spelling of all those a URL may use for it. */
export type Host = { kind: 'name'; text: string } | { kind: 'address'; text: string };

/** An entry of an allow-list or a deny-list. Without a port it is about all of them. */
export type HostPattern = { port: number | null } & (
  | { kind: 'name'; name: string }
  | { kind: 'subdomains'; of: string }
  | { kind: 'network'; address: string; prefix: number }
);

/**
 * Reads a host the way browsers do: lower case, IDN as punycode, an IPv4 address in octal, hex, decimal or short form as
 * the four numbers it means; without brackets and without the dot at the end. Null when it is no host.
 */
export function parseHost(text: string): Host | null {
  if (/[\s/\\?#@]/.test(text) || (text.includes(':') && !isBracketed(text))) return null;
  const url = `http://${text}/`;
  if (!URL.canParse(url)) return null;
  const { hostname } = new URL(url);
  if (isBracketed(hostname)) return { kind: 'address', text: hostname.slice(1, -1) };
  if (isIP(hostname)) return { kind: 'address', text: hostname };

  const name = hostname.replace(/\.$/, '');
  const isName = name.length <= 253 && name.split('.').every((label) => /^[a-z0-9_-]{1,63}$/.test(label));
  return isName ? { kind: 'name', text: name } : null;
}

/** `example.com`, `*.example.com`, `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`, each with `:port` (`[fd00::/8]:8080`), or null. */
export function parseHostPattern(text: string): HostPattern | null {
  const split = splitPort(text);
  if (!split || (split.port !== null && (split.port < 1 || split.port > 65_535))) return null;
  const { body, port } = split;

  const network = parseNetwork(body);
  if (network) return { kind: 'network', ...network, port };
  if (body.includes('/') || body.includes(':')) return null;

  const isGlob = body.startsWith('*.');
  const host = parseHost(isGlob ? body.slice(2) : body);
  if (!host) return null;
  if (host.kind === 'name') {
    return isGlob ? { kind: 'subdomains', of: host.text, port } : { kind: 'name', name: host.text, port };
  }
  return isGlob ? null : { kind: 'network', address: host.text, prefix: 32, port };
}

function splitPort(text: string): { body: string; port: number | null } | null {
  // More than one colon and no brackets: an IPv6 address, all of it.
  if (/^[^[\]]*:[^[\]]*:/.test(text)) return { body: text, port: null };
  const [, inBrackets, plain, port] = /^(?:\[([^[\]]*)\]|([^[\]:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const body = inBrackets ?? plain;
  if (body === undefined || (inBrackets !== undefined && !inBrackets.includes(':'))) return null;
  return { body, port: port === undefined ? null : Number(port) };
}

function parseNetwork(text: string): { address: string; prefix: number } | null {
  const [, address = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bits = { 0: 0, 4: 32, 6: 128 }[isIP(address)]!;
  const prefix = digits === undefined ? bits : Number(digits);
  if (!bits || prefix > bits) return null;
  // Addresses are compared as what they wrap, so this would match nothing.
  if (bits === 128 && ipaddr.IPv6.parse(address).isIPv4MappedAddress()) return null;
  return { address, prefix };
}

const isBracketed = (text: string) => text.startsWith('[') && text.endsWith(']');
