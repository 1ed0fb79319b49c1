import { VisitError } from '../engine/browser-engine.types';

type NavigationCode = Extract<VisitError['code'], 'navigation_failed' | 'download_refused' | 'url_not_allowed'>;

/** A page that could not be opened. What the proxy knows of it goes by the URL. */
export class NavigationError extends VisitError {
  constructor(
    code: NavigationCode,
    message: string,
    reason: string | null,
    readonly url: string,
  ) {
    super(code, message, reason);
  }
}
