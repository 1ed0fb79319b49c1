import type { UpstreamError } from '../../upstream/upstream.errors';
import {
  type Subject,
  type SwitchError,
  SwitchAbortedError,
  SwitchBadReplyError,
  SwitchLeftAloneError,
  SwitchThrottledError,
  SwitchTimeoutError,
  SwitchUnavailableError,
} from '../switch.errors';

/** What it means for a turn that a call failed before there was an answer. */
export function asSwitchError(error: UpstreamError, subject?: Subject): SwitchError {
  switch (error.failure) {
    case 'unreachable':
    case 'not-configured':
      return new SwitchUnavailableError(error, subject);
    case 'circuit-open':
      return new SwitchLeftAloneError(error.retryAfterMs ?? 0, subject);
    case 'overloaded':
      return new SwitchThrottledError(1, subject);
    case 'timeout':
      return new SwitchTimeoutError(error, subject);
    case 'too-large':
      return new SwitchBadReplyError('it is too large', error, subject);
    case 'not-http':
      return new SwitchBadReplyError('it is not HTTP', error, subject);
    case 'aborted':
      return new SwitchAbortedError();
  }
}
