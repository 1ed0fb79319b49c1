import { parseHost } from '../../config/host-pattern';
import { type EgressPolicy, type HostReason, hostReason } from './host-rules';

export type UrlReason = HostReason | 'credentials' | 'scheme' | 'too_long';
export type UrlVerdict = { url: string; reason: null } | { url: null; reason: UrlReason };

export const URL_MAX_LENGTH = 2_048;
const DEFAULT_PORTS: Partial<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Whether a page may be opened, and the one spelling of its URL that was judged, so that no other is opened. */
export function judgeUrl(text: string, policy: EgressPolicy): UrlVerdict {
  const refuse = (reason: UrlReason): UrlVerdict => ({ url: null, reason });
  if (text.length > URL_MAX_LENGTH) return refuse('too_long');
  if (!URL.canParse(text)) return refuse('malformed');

  const url = new URL(text);
  if (url.href.length > URL_MAX_LENGTH) return refuse('too_long');
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (!defaultPort) return refuse('scheme');
  if (url.username || url.password) return refuse('credentials');

  const host = parseHost(url.hostname);
  if (!host) return refuse('malformed');
  const reason = hostReason({ host, port: url.port ? Number(url.port) : defaultPort }, policy);
  return reason ? refuse(reason) : { url: url.href, reason: null };
}
