import type { Config } from '../../config/config';
import type { TaskLimits } from './browser-task.types';

/** What a task may use: how long if it does not say, of all else at most. */
export const limitsOf = ({ browser }: Config): TaskLimits => ({
  maxMs: browser.taskTimeoutMs,
  maxRequests: browser.taskMaxRequests,
  maxBytes: browser.taskMaxBytes,
  textBytes: browser.textMaxBytes,
});
