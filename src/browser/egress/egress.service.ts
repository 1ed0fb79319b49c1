import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config';
import { parseHost } from '../../config/host-pattern';
import { UrlNotAllowedError } from '../browser.errors';
import type { Resolver } from './dial';
import { EgressAccount, type EgressBudget, type EgressReport, type Trouble } from './egress-account';
import { EgressProxy } from './egress-proxy';
import type { EgressPolicy } from './host-rules';
import { judgeUrl } from './url-rules';

export const EGRESS_RESOLVER = Symbol('EGRESS_RESOLVER');

export interface Egress {
  /** What a browser takes for its proxy. */
  proxyUrl: string;
  report(): EgressReport;
  /** Aborted, with the name of the budget, once that is spent. */
  exhausted: AbortSignal;
  /** Why the host of a URL was not reached, if it was not. */
  troubleWith(url: string): Trouble | null;
  /** Breaks off all that is under way. The port may be another task's a moment later. */
  end(): Promise<void>;
}

/** Where the browser may go. Each task has a proxy of its own, for as long as it lives. */
@Injectable()
export class EgressService implements OnApplicationShutdown {
  private readonly policy: EgressPolicy;
  private readonly proxies = new Set<EgressProxy>();

  constructor(
    @Inject(CONFIG) { browser }: Pick<Config, 'browser'>,
    @Inject(EGRESS_RESOLVER) private readonly resolve: Resolver,
  ) {
    this.policy = { allow: browser.allowHosts, deny: browser.denyHosts, ports: browser.allowPorts };
  }

  /** The URL in the spelling that was judged; only that one may be opened. */
  admit(text: string): string {
    const { url, reason } = judgeUrl(text, this.policy);
    if (url === null) throw new UrlNotAllowedError(reason);
    return url;
  }

  async open(budget: EgressBudget): Promise<Egress> {
    const account = new EgressAccount(budget);
    const proxy = new EgressProxy(this.policy, account, { resolve: this.resolve });
    const end = async () => {
      await proxy.close();
      this.proxies.delete(proxy);
    };

    this.proxies.add(proxy);
    try {
      await proxy.start();
    } catch (error) {
      await end();
      throw error;
    }
    return {
      proxyUrl: proxy.url,
      exhausted: account.exhausted,
      report: () => account.report(),
      troubleWith: (url) => account.troubleWith(authorityOf(url)),
      end,
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([...this.proxies].map((proxy) => proxy.close()));
  }
}

/** `host:port`, as the proxy names it. */
function authorityOf(text: string): string {
  if (!URL.canParse(text)) return '';
  const { hostname, port, protocol } = new URL(text);
  return `${parseHost(hostname)?.text ?? hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}
