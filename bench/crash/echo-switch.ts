import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';

const SLOWEST_MS = 50;

/** What the echo makes of a question: an answer that belongs to it and to no other. */
export const answerTo = (message: string): string => `echo of ${message}`;

/** A Switch that outlives every crash of the service, and takes its time: so that turns are caught in all stages. */
export async function startEchoSwitch(): Promise<string> {
  const server = createServer(async (request, response) => {
    const { messages } = JSON.parse(await text(request)) as { messages: { content: string }[] };
    await sleep(Math.random() * SLOWEST_MS);
    const content = answerTo(messages.at(-1)!.content);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ status: 'ok', provider: 'echo', content, engine_used: 'echo', tokens_used: 1 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
