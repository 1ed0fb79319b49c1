import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

interface RequestContext {
  requestId: string;
  startedAt: number;
  /** What the request turned out to be about; every later line of it carries these. */
  about: Record<string, string>;
}

const storage = new AsyncLocalStorage<RequestContext>();
const CLIENT_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Carries a request's identity to whatever runs on its behalf, log lines first of all. */
export const requestContext = {
  /** Runs `work` as one request. A client's id is kept if it is harmless in a header and in a log, else replaced. */
  run(clientId: string | undefined, work: (requestId: string) => void): void {
    const requestId = clientId && CLIENT_ID.test(clientId) ? clientId : randomUUID();
    storage.run({ requestId, startedAt: performance.now(), about: {} }, () => work(requestId));
  },

  id: (): string => storage.getStore()?.requestId ?? 'none',

  /** When it came, on the clock of `performance.now()`; undefined for work that nobody has asked for. */
  startedAt: (): number | undefined => storage.getStore()?.startedAt,

  note(about: Record<string, string>): void {
    const context = storage.getStore();
    if (context) Object.assign(context.about, about);
  },

  /** The fields of the current request's log lines. */
  fields(): Record<string, string> {
    const context = storage.getStore();
    return context ? { request_id: context.requestId, ...context.about } : {};
  },
};
