import { Service } from '../support/service';

/** The built service, whose browser may reach the site and nothing else on this machine. */
export const startService = (
  dataDir: string,
  siteUrl: string,
  env: Record<string, string>,
): Promise<Service & { url: string }> =>
  Service.start({ dataDir, env: { BROWSER_ALLOW_HOSTS: new URL(siteUrl).host, ...env } });
