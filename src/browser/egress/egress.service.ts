import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/config';
import { UrlNotAllowedError } from '../browser.errors';
import type { EgressBudget, EgressPass } from './egress-pass';
import { EgressProxy } from './egress-proxy';
import type { EgressPolicy } from './host-rules';
import { judgeUrl } from './url-rules';

export interface Egress {
  /** What a browser takes for its proxy. */
  proxyUrl: string;
  pass: EgressPass;
  end(): void;
}

/** Where the browser may go. The proxy starts with the first task that wants out. */
@Injectable()
export class EgressService implements OnApplicationShutdown {
  private readonly policy: EgressPolicy;
  private proxy: Promise<EgressProxy> | null = null;

  constructor(@Inject(CONFIG) { browser }: Pick<Config, 'browser'>) {
    this.policy = { allow: browser.allowHosts, deny: browser.denyHosts, ports: browser.allowPorts };
  }

  /** The URL in the spelling that was judged; only that one may be opened. */
  admit(text: string): string {
    const { url, reason } = judgeUrl(text, this.policy);
    if (url === null) throw new UrlNotAllowedError(reason);
    return url;
  }

  async open(budget: EgressBudget): Promise<Egress> {
    const proxy = await (this.proxy ??= this.start());
    const pass = proxy.issue(budget);
    return { proxyUrl: proxy.url, pass, end: () => proxy.revoke(pass) };
  }

  async onApplicationShutdown(): Promise<void> {
    await (await this.proxy)?.close();
  }

  private async start(): Promise<EgressProxy> {
    const proxy = new EgressProxy(this.policy);
    try {
      await proxy.start();
      return proxy;
    } catch (error) {
      this.proxy = null;
      throw error;
    }
  }
}
