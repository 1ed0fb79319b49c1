/**
 * What passing a model's answer on costs with nothing around it: `floor.ts <model url>`. Whoever asks gets the answer,
 * as it comes; so does everybody who watches, which a GET does, until it is over.
 */
import { Agent, type ServerResponse, createServer, request } from 'node:http';
import { serve } from '../support/processes';

const model = new URL(process.argv[2]!);
const agent = new Agent({ keepAlive: true });
const watchers = new Set<ServerResponse>();

serve(
  createServer((incoming, outgoing) => {
    outgoing.socket!.setNoDelay(true);
    if (incoming.method === 'GET') {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders();
      return void watchers.add(outgoing);
    }
    const { hostname, port, host } = model;
    const headers = { ...incoming.headers, host };
    const options = { agent, hostname, port, method: 'POST', path: '/v1/chat/completions', headers };
    const upstream = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode!, { 'content-type': answer.headers['content-type'] });
      answer.pipe(outgoing);
      if (watchers.size === 0) return;
      answer.on('data', (chunk: Buffer) => watchers.forEach((watcher) => watcher.write(chunk)));
      answer.once('end', () => {
        watchers.forEach((watcher) => watcher.end());
        watchers.clear();
      });
    });
    upstream.once('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  }),
);
