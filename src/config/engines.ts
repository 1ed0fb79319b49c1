/** Who may answer: a router, a model server, or the service itself. */
export const ENGINE_NAMES = ['vx11', 'openai', 'embedded'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];
