/** An ordinary page, and others. */
import { createServer } from 'node:http';
import { servePage } from '../browser/page';
import { serve } from '../support/processes';
import { HOSTILE_ANSWERS } from './hostile-pages';

serve(
  createServer((request, response) => {
    const hostile = HOSTILE_ANSWERS[request.url!.split('?')[0]!];
    (hostile ?? servePage)(request, response);
  }),
);
