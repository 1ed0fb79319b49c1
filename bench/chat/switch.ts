import { createServer } from 'node:http';
import { serve } from '../support/processes';

/** What revision H of Switch answers, at once: the time that a turn takes is Operator's own. */
const REPLY = JSON.stringify({
  status: 'ok',
  provider: 'general-7b',
  decision: 'local',
  content: '[local-7b] The queue has one worker instead of four since the migration; give it back the other three.',
  reply: '[local-7b] The queue has one worker instead of four since the migration; give it back the other three.',
  latency_ms: 12,
  engine_used: 'general-7b',
  used_cli: false,
  fallback_reason: 'command_failed',
  tokens_used: 21,
});
const RECORDED = '{"status":"ok","engine":"general-7b","recorded":true}';
const HEADERS = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(REPLY) };

serve(
  createServer((request, response) => {
    request.resume();
    request.once('end', () => {
      if (request.url === '/switch/hermes/record_result')
        response.writeHead(200, { 'content-type': 'application/json' }).end(RECORDED);
      else response.writeHead(request.url === '/switch/chat' ? 200 : 404, HEADERS).end(REPLY);
    });
  }),
);
