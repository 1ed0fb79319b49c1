import { type Answer, FakeUpstream, json } from './fake-upstream';

/** What the services around Operator answer, verbatim, in both revisions. */

const MAP_A =
  '{"madre":{"status":"error","module":"madre","error":"All connection attempts failed"},"switch":{"status":"ok","module":"switch","active_model":"general-7b","queue_size":0},"shub":{"status":"healthy","version":"7.0"},"operator-backend":{"status":"ok","version":"7.0"}}';
const MAP_H =
  '{"madre":{"status":"ok","module":"madre","version":"v2"},"switch":{"status":"service_offline","module":"switch","reason":"circuit_open"},"shubniggurath":{"status":"initializing"},"operator_backend":{"status":"ok"}}';

/** Checks the token as Tentáculo Link does: missing and wrong are told apart. */
export function guarded(token: string, answer: Answer): Answer {
  return (call, response) => {
    const given = call.headers['x-vx11-token'];
    if (given === token) return answer(call, response);
    const refusal = given ? [403, 'forbidden'] : [401, 'auth_required'];
    return json(refusal[0] as number, { error: refusal[1], status_code: refusal[0] })(call, response);
  };
}

export const tentaculo = {
  overview: (map: string): Answer =>
    json(
      200,
      `{"status":"ok","gateway":"tentaculo_link","version":"7.0","modules_health":${map},"summary":{"total_modules":8,"healthy":3,"unhealthy":5}}`,
    ),
  statusA: json(
    200,
    `{"ok":true,"status":"ok","module":"tentaculo_link","version":"7.0","timestamp":"2025-12-14T10:00:00","ports":{"madre":8001},"modules":${MAP_A},"summary":{"healthy_modules":3,"total_modules":8,"all_healthy":false}}`,
  ),
  statusH: json(
    200,
    '{"mode":"full","policy":"SOLO_MADRE","madre_available":true,"switch_available":true,"spawner_available":false,"timestamp":"2026-01-10T10:00:00"}',
  ),
  MAP_A,
  MAP_H,
};

export const hermes = {
  resourcesA: json(
    200,
    '{"status":"ok","local_models":[{"name":"tiny-test","size_mb":100,"category":"general","status":"available","compatibility":"cpu"}],"cli_providers":[{"provider":"deepseek_r1","task_type":"chat","limit_daily":1000,"limit_weekly":5000}],"cli_registry":[{"name":"gh","cli_type":"external","available":true}]}',
  ),
  resourcesH: json(
    200,
    '{"status":"ok","local_models":["general-7b","tiny"],"catalog":[],"cli":{"docker":true,"kubectl":true,"gh":false,"playwright":false},"playwright_enabled":false}',
  ),
  listA: json(
    200,
    '{"status":"ok","cli_tokens":[{"provider":"deepseek_r1","token":"sk-never-to-be-shown","limit_daily":1000,"used":15},{"provider":"cli","token":"sk-neither","limit_daily":500,"used":500}]}',
  ),
};

export const shub = {
  healthA: json(
    200,
    '{"status":"healthy","timestamp":"2025-12-14T10:00:00","version":"7.0","module":"shubniggurath","initialized":true}',
  ),
  healthH: json(200, '{"status":"ok","module":"shubniggurath","version":"7.0-FASE1"}'),
  healthInitializing: json(200, '{"status":"initializing","module":"shubniggurath","version":"7.0-FASE1"}'),
  projectsA: json(
    200,
    '{"status":"success","projects":[{"id":12,"name":"Song 12","path":"/var/lib/reaper/song12.rpp","status":"mixing"},"Song 13"]}',
  ),
  projectsH: json(200, '{"status":"stub","message":"Reaper integration pending","projects":[]}'),
};

/** `GET /health` of each module. */
export const health: Record<string, Answer> = {
  tentaculo_link: json(200, '{"status":"ok","module":"tentaculo_link","version":"7.0"}'),
  madre: json(200, '{"module":"madre","status":"ok","version":"v2"}'),
  switch: json(
    200,
    '{"status":"ok","module":"switch","active_model":"general-7b","warm_model":"audio-engineering","queue_size":0}',
  ),
  hermes: json(200, '{"status":"operational","module":"hermes"}'),
  hormiguero: json(200, '{"status":"ok","service":"hormiguero"}'),
  manifestator: json(200, '{"status":"healthy"}'),
  mcp: json(200, '{"status":"ok"}'),
  shub: shub.healthA,
  spawner: json(200, '{"status":"ok"}'),
};

export interface FakeSystem {
  fakes: Record<string, FakeUpstream>;
  /** Where Operator finds them. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Healthy fakes of these services, of revision A. */
export async function startSystem(names: string[] = Object.keys(health)): Promise<FakeSystem> {
  const routes: Record<string, Record<string, Answer>> = {
    tentaculo_link: {
      'GET /vx11/overview': tentaculo.overview(MAP_A),
      'GET /vx11/status': tentaculo.statusA,
    },
    hermes: { 'GET /hermes/resources': hermes.resourcesA, 'GET /hermes/list': hermes.listA },
    shub: { 'GET /shub/reaper/projects': shub.projectsA },
  };
  const started = await Promise.all(
    names.map(async (name) => {
      const fake = await FakeUpstream.start({ 'GET /health': health[name]!, ...routes[name] });
      return [name, fake] as const;
    }),
  );
  return {
    fakes: Object.fromEntries(started),
    env: Object.fromEntries(started.map(([name, { url }]) => [`${name.toUpperCase()}_URL`, url])),
    stop: async () => void (await Promise.all(started.map(([, fake]) => fake.stop()))),
  };
}
