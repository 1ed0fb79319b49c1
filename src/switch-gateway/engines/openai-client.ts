import type { OpenAI } from 'openai' with { 'resolution-mode': 'import' };
import type { Config } from '../../config/config';

/**
 * The official client, as nothing but the settings make it: its own environment variables, its log and its retries are
 * off, the last since they sleep on after an abort and for as long as a server says.
 *
 * Loaded when it is wanted: others do not pay for it.
 */
export async function connect({ baseUrl, apiKey }: Config['openai'], send: typeof fetch): Promise<OpenAI> {
  const { OpenAI } = await import('openai');
  return new OpenAI({
    baseURL: baseUrl!,
    // It insists on one; servers that want none do not look.
    apiKey: apiKey ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: 'off',
    maxRetries: 0,
    fetch: send,
  });
}
