/** The site that everybody visits. */
import { createServer } from 'node:http';
import { serve } from '../support/processes';
import { servePage } from './page';

serve(createServer(servePage));
