/** All the services around Operator, healthy, each below a path of its own and with a latency of its own. */
import { createServer } from 'node:http';
import { serve } from '../support/processes';
import { ANSWERS } from './answers';

serve(
  createServer((request, response) => {
    const answer = ANSWERS.find(({ path }) => path === request.url);
    const body = JSON.stringify(answer?.body ?? { detail: 'Not Found' });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    setTimeout(() => response.writeHead(answer ? 200 : 404, headers).end(body), answer?.latencyMs ?? 0);
  }),
);
