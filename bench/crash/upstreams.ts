import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { MODEL_LIST } from '../support/completion-frames';
import { Model } from './model';
import { isQuestion, wishIn } from './wish';

const SLOWEST_MS = 50;
/** Long enough for a tool to be caught at work. */
const SLOWEST_MODULE_MS = 600;

/** What the echo makes of a question: an answer that belongs to it and to no other. */
export const answerTo = (message: string): string => `echo of ${message}`;

/**
 * A Switch, a model server and a module that outlive every crash of the service, and take their time: so that turns are
 * caught in all stages. What wants to be streamed Switch leaves to the model.
 */
export class Upstreams {
  url = '';
  /** Answers that Switch was told the outcome of, by the number of tokens of each: no two have the same. */
  readonly heard = new Set<number>();
  /** How often the module was looked at: that is what the tool does. */
  looks = 0;
  readonly model = new Model(() => ++this.answers);
  private answers = 0;

  static async start(): Promise<Upstreams> {
    const upstreams = new Upstreams();
    const server = createServer((request, response) => void upstreams.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    upstreams.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return upstreams;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Whoever is killed in mid-sentence has asked nothing.
    const said = await text(request).catch(() => null);
    if (said === null) return;
    if (request.url === '/v1/chat/completions') return this.model.answer(request, JSON.parse(said).messages, response);
    response.setHeader('content-type', 'application/json');
    if (request.url === '/v1/models') return void response.end(JSON.stringify(MODEL_LIST));
    if (request.url === '/module/health') return this.look(response);
    if (request.method === 'GET') return void response.end('{"status":"ok"}');

    await sleep(Math.random() * SLOWEST_MS);
    const body = JSON.parse(said) as { messages: { content: string }[]; tokens: number };
    if (request.url === '/switch/hermes/record_result') {
      this.heard.add(body.tokens);
      return void response.end('{"status":"ok","engine":"echo","recorded":true}');
    }
    // What tools have found comes after it.
    const question = body.messages.findLast(({ content }) => isQuestion(content))!.content;
    if (wishIn(question)) return void response.writeHead(500).end('{"status":"error"}');
    const answer = { status: 'ok', provider: 'echo', content: answerTo(question), engine_used: 'echo' };
    response.end(JSON.stringify({ ...answer, tokens_used: ++this.answers }));
  }

  private async look(response: ServerResponse): Promise<void> {
    this.looks++;
    await sleep(Math.random() * SLOWEST_MODULE_MS);
    response.end('{"status":"ok"}');
  }
}
