/** What of the whole time goes to upstreams: the rest is for putting the answer together. */
const FOR_UPSTREAMS = 0.9;
/** How old an answer may be shown while a newer one is fetched: a minute, and then people wait for it. */
export const STALE_MS = 60_000;

export const upstreamBudgetMs = (timeoutMs: number): number => Math.floor(timeoutMs * FOR_UPSTREAMS);
