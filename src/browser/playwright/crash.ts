import { VisitError } from '../engine/browser-engine.types';

/** What the library throws when there is no page or no browser any more, which it may do before it tells of that. */
export function crashOf(error: unknown): VisitError | null {
  const { message } = error as Error;
  if (/\b(Page|Target) crashed\b/.test(message)) return new VisitError('page_crashed', 'The page crashed.');
  if (/\bhas been closed\b|\b(Target|Browser|Connection) closed\b/.test(message)) {
    return new VisitError('browser_crashed', 'The browser closed the page.');
  }
  return null;
}
