import { z } from 'zod';
import { label, remark } from '../upstream/foreign-text';
import type { Verdict } from './overview.types';

/** Each revision has its own word for it. */
const WELL = new Set(['ok', 'healthy', 'operational']);
const GONE = new Set(['error', 'down', 'offline', 'service_offline', 'unavailable', 'unreachable']);
const WORD_LENGTH = 32;
const REMARK_LENGTH = 120;

const reportSchema = z.object({
  status: z.string().trim().min(1).nullish().catch(null),
  version: z.string().nullish().catch(null),
  error: z.string().nullish().catch(null),
  reason: z.string().nullish().catch(null),
});

/** What a module's health says, be it the module's own answer or its entry in Tentáculo's map. */
export function parseVerdict(body: unknown): Verdict {
  const report = reportSchema.safeParse(typeof body === 'string' ? { status: body } : body);
  const { status: word, version, error, reason } = report.data ?? {};
  if (!word) return { ...NOTHING, error: 'answered without a status' };

  const reported = label(word, WORD_LENGTH);
  const status = conditionOf(reported);
  return {
    status,
    reported,
    version: version ? label(version, WORD_LENGTH) : null,
    error: status === 'ok' ? null : remark(error || reason || `says that it is ${reported}`, REMARK_LENGTH),
  };
}

function conditionOf(word: string): Verdict['status'] {
  const said = word.toLowerCase();
  if (WELL.has(said)) return 'ok';
  if (said === 'unknown') return 'unknown';
  return GONE.has(said) ? 'down' : 'degraded';
}

const NOTHING: Verdict = { status: 'unknown', reported: null, version: null, error: null };
