import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';

const SLOWEST_MS = 50;

/** What the echo makes of a question: an answer that belongs to it and to no other. */
export const answerTo = (message: string): string => `echo of ${message}`;

export interface EchoSwitch {
  url: string;
  /** Answers that it was told the outcome of, by the number of tokens it gave each: no two have the same. */
  heard: Set<number>;
}

/** A Switch that outlives every crash of the service, and takes its time: so that turns are caught in all stages. */
export async function startEchoSwitch(): Promise<EchoSwitch> {
  const heard = new Set<number>();
  let answers = 0;
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as { messages: { content: string }[]; tokens: number };
    await sleep(Math.random() * SLOWEST_MS);
    response.writeHead(200, { 'content-type': 'application/json' });
    if (request.url === '/switch/hermes/record_result') {
      heard.add(body.tokens);
      response.end('{"status":"ok","engine":"echo","recorded":true}');
      return;
    }
    const content = answerTo(body.messages.at(-1)!.content);
    const tokens_used = ++answers;
    response.end(JSON.stringify({ status: 'ok', provider: 'echo', content, engine_used: 'echo', tokens_used }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard };
}
