/** What passing a model's answer on costs with nothing around it: `floor.ts <model url>`. */
import { Agent, createServer, request } from 'node:http';
import { serve } from '../support/processes';

const model = new URL(process.argv[2]!);
const agent = new Agent({ keepAlive: true });

serve(
  createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const { hostname, port } = model;
    const path = '/v1/chat/completions';
    const upstream = request({ agent, hostname, port, method, path, headers: { ...headers, host: model.host } });
    upstream.once('response', (answer) => {
      outgoing.writeHead(answer.statusCode!, { 'content-type': answer.headers['content-type'] });
      outgoing.socket!.setNoDelay(true);
      answer.pipe(outgoing);
    });
    upstream.once('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  }),
);
