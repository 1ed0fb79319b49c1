const LATENCY_STEP_MS = 20;

const HEALTH = {
  madre: { module: 'madre', status: 'ok', version: 'v2' },
  switch: {
    status: 'ok',
    module: 'switch',
    active_model: 'general-7b',
    warm_model: 'audio-engineering',
    queue_size: 0,
  },
  hermes: { status: 'ok', module: 'hermes' },
  hormiguero: { status: 'ok', service: 'hormiguero' },
  manifestator: { status: 'healthy' },
  mcp: { status: 'ok' },
  shub: { status: 'healthy', version: '7.0', module: 'shubniggurath', initialized: true },
  spawner: { status: 'ok' },
  tentaculo_link: { status: 'ok', module: 'tentaculo_link', version: '7.0' },
};

export const MODULES = Object.keys(HEALTH);

/** Each takes longer than the one before: Tentáculo's overview, the tenth, longest. */
export const ANSWERS = [
  ...Object.entries(HEALTH).map(([name, body]) => ({ path: `/${name}/health`, body })),
  {
    path: '/tentaculo_link/vx11/overview',
    body: {
      status: 'ok',
      gateway: 'tentaculo_link',
      version: '7.0',
      modules_health: HEALTH,
      summary: { total_modules: 8, healthy: 8, unhealthy: 0 },
    },
  },
].map((answer, index) => ({ ...answer, latencyMs: (index + 1) * LATENCY_STEP_MS }));

export const SLOWEST = ANSWERS.at(-1)!;
