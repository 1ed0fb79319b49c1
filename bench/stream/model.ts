/**
 * A model server that is asked for `<name> <tokens> <tokens a second>`, and answers so, as OpenAI's API does.
 * `GET /answer/<name>`: what it has said, and when its connection was closed before that was all.
 */
import { type ServerResponse, createServer } from 'node:http';
import { BEGIN, DONE, MODEL_LIST, STREAM_HEADERS, finishes, says, used } from '../support/completion-frames';
import { serve } from '../support/processes';
import { FIRST_TOKEN_MS, nowUs, toText } from './tokens';

export interface ModelAnswer {
  text: string;
  closedAt: number | null;
}

/** Spreads any number of chats evenly over the time between two tokens. */
const GOLDEN_RATIO = 0.618;

const END = finishes('stop') + used(21) + DONE;

const answers = new Map<string, ModelAnswer>();
let asked = 0;

serve(
  createServer((request, response) => {
    if (request.method === 'GET') return void response.end(JSON.stringify(told(request.url!)));
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.once('end', () => answer(body, response));
  }),
);

function told(path: string): object {
  return path.startsWith('/answer/') ? (answers.get(path.slice('/answer/'.length)) ?? {}) : MODEL_LIST;
}

function answer(body: string, response: ServerResponse): void {
  const { messages } = JSON.parse(body) as { messages: { content: string }[] };
  const [name, tokens, perSecond] = messages.at(-1)!.content.split(' ') as [string, string, string];
  const said: ModelAnswer = { text: '', closedAt: null };
  answers.set(name, said);

  const everyMs = 1_000 / Number(perSecond);
  const beginAt = performance.now() + FIRST_TOKEN_MS + ((asked++ * GOLDEN_RATIO) % 1) * everyMs;
  let index = 0;
  const dueIn = () => beginAt + index * everyMs - performance.now();
  let timer = setTimeout(say, dueIn());
  function say(): void {
    while (index < Number(tokens) && dueIn() <= 0) {
      const text = toText({ index: index++, sentAt: nowUs() });
      const frame = says(text);
      // A chunk in one write: the response would make four of it, on the processors that everybody shares.
      response.socket!.write(`${frame.length.toString(16)}\r\n${frame}\r\n`, 'latin1');
      said.text += text;
    }
    if (index < Number(tokens)) timer = setTimeout(say, Math.max(1, dueIn()));
    else response.end(END);
  }

  response.once('close', () => {
    clearTimeout(timer);
    if (!response.writableFinished) said.closedAt = nowUs();
  });
  response.writeHead(200, STREAM_HEADERS);
  response.socket!.setNoDelay(true);
  response.write(BEGIN);
}
