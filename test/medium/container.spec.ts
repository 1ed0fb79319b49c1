import { parse } from 'yaml';
import { envSchema } from '../../src/config/env';
import { repository } from '../support/repository';

/** No container engine is asked here: what the files name must exist, and CI runs the same commands without one. */

const SETTINGS = Object.keys(envSchema.shape);
const DEFAULTS = envSchema.parse({});
const { paths } = repository.json('openapi.json');
const { scripts } = repository.json('package.json');

/** `INSTRUCTION arguments`, continued lines joined, comments gone. */
const instructions = repository
  .read('docker/Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter(Boolean)
  .map((line) => ({ name: line.split(' ', 1)[0]!, rest: line.slice(line.indexOf(' ') + 1) }));
const all = (name: string) => instructions.filter((one) => one.name === name).map(({ rest }) => rest);
const runtime = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const inRuntime = (name: string) => runtime.filter((one) => one.name === name).map(({ rest }) => rest);

const sourceOf = (built: string) => built.replace(/^dist\/(.*)\.js$/, '$1.ts');

describe('docker/Dockerfile', () => {
  it('is made in two stages, of slim images with a Node that package.json allows', () => {
    const images = all('FROM');
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/^node:2[2-9]-\w+-slim( AS build)?$/);
    expect(inRuntime('RUN').join()).not.toMatch(/\b(g\+\+|make|python3|npm)\b/);
  });

  it('copies files that exist, and that .dockerignore lets through', () => {
    const admitted = repository.read('.dockerignore').match(/(?<=^!).+$/gm)!;
    const copied = all('COPY')
      .filter((rest) => !rest.startsWith('--from'))
      .flatMap((rest) => rest.split(' ').slice(0, -1));
    expect(copied.filter((path) => !repository.exists(path))).toEqual([]);
    expect([...new Set(copied)].toSorted()).toEqual(admitted.toSorted());
  });

  it('runs npm scripts that exist, and leaves what only development needs behind', () => {
    const commands = all('RUN').filter((rest) => rest.startsWith('npm '));
    expect(commands).toEqual(['npm ci', 'npm run build', 'npm prune --omit=dev']);
    expect(scripts).toHaveProperty('build');
  });

  it('sets variables that exist', () => {
    const variables = Object.fromEntries(
      all('ENV').flatMap((rest) => rest.split(' ').map((pair) => pair.split('=') as [string, string])),
    );
    expect(Object.keys(variables).filter((name) => name !== 'TZ' && !SETTINGS.includes(name))).toEqual([]);
    expect(variables).toMatchObject({ TZ: 'UTC', NODE_ENV: 'production', HOST: '0.0.0.0', DATA_DIR: '/data' });
    expect(all('VOLUME')).toEqual(['/data']);
    expect(all('EXPOSE')).toEqual([variables.OPERATOR_PORT]);
    expect(Number(variables.OPERATOR_PORT)).toBe(DEFAULTS.OPERATOR_PORT);
  });

  it('starts the service as somebody who is not root, without a shell that would keep signals to itself', () => {
    expect(inRuntime('USER')).toEqual(['node']);
    const command = JSON.parse(inRuntime('CMD')[0]!) as string[];
    // Like `npm start`.
    expect(command.join(' ')).toBe(scripts.start!.replace('exec ', ''));
    expect(repository.exists(sourceOf(command.at(-1)!))).toBe(true);
  });

  it('asks for health with what is in the image', () => {
    const [, command] = /CMD (\[.*\])$/.exec(inRuntime('HEALTHCHECK')[0]!)!;
    expectProbe(JSON.parse(command!) as string[], '/health/live');
  });

  it('has the browser', () => {
    expect(inRuntime('RUN').join()).toContain('chromium-headless-shell');
  });
});

describe('docker/compose.yaml', () => {
  const compose = parse(repository.read('docker/compose.yaml'));
  const { operator } = compose.services;

  it('builds the image from this repository', () => {
    expect(operator.build).toEqual({ context: '..', dockerfile: 'docker/Dockerfile' });
  });

  it('publishes the port that the image exposes, on loopback only', () => {
    expect(operator.ports).toEqual([`127.0.0.1:8011:${all('EXPOSE')[0]}`]);
  });

  it('passes settings that exist, and starts with no token of its own', () => {
    expectSettings(operator.environment);
    expect(operator.environment.VX11_OPERATOR_TOKEN).toMatch(/^\$\{VX11_OPERATOR_TOKEN:\?.+\}$/);
    expect(operator.environment.DRAIN_TIMEOUT_MS).toBe(`\${DRAIN_TIMEOUT_MS:-${DEFAULTS.DRAIN_TIMEOUT_MS}}`);
  });

  it('keeps data in a volume', () => {
    expect(operator.volumes).toEqual([`data:${all('VOLUME')[0]}`]);
    expect(compose.volumes).toHaveProperty('data');
  });

  it('waits longer for the end than running turns may take', () => {
    const patience = Number(/^(\d+)s$/.exec(operator.stop_grace_period)![1]) * 1_000;
    expect(patience).toBeGreaterThan(DEFAULTS.DRAIN_TIMEOUT_MS + 5_000);
  });

  it('takes readiness for health, and starts again after a crash', () => {
    expectProbe(operator.healthcheck.test.slice(1), '/health/ready');
    expect(operator.healthcheck.test[0]).toBe('CMD');
    expect(operator.restart).toBe('unless-stopped');
  });

  it('may do no more than it needs', () => {
    expect(operator).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(operator.privileged).toBeUndefined();
  });
});

describe('docker/compose.postgres.yaml', () => {
  const compose = parse(repository.read('docker/compose.postgres.yaml'));
  const { migrate, operator, postgres } = compose.services;

  it('migrates with the image’s own command before Operator starts', () => {
    const base = parse(repository.read('docker/compose.yaml')).services.operator;
    expect(migrate.image).toBe(base.image);
    expect(migrate.command).toEqual(['node_modules/.bin/typeorm', 'migration:run', '-d', 'dist/ormconfig.js']);
    expect(scripts['migration:run']).toBe(migrate.command.join(' ').replace('node_modules/.bin/', ''));
    expect(repository.exists(sourceOf(migrate.command[3]))).toBe(true);
    expect(repository.json('package.json').dependencies).toHaveProperty('typeorm');
    expect(migrate.depends_on.postgres.condition).toBe('service_healthy');
    expect(operator.depends_on.migrate.condition).toBe('service_completed_successfully');
  });

  it('points both at the database it starts', () => {
    for (const { environment } of [migrate, operator]) {
      expectSettings(environment);
      const url = new URL(environment.DATABASE_URL.replace('${POSTGRES_PASSWORD}', 'secret'));
      expect(url.hostname).toBe('postgres');
      expect(url.username).toBe(postgres.environment.POSTGRES_USER);
      expect(url.pathname).toBe(`/${postgres.environment.POSTGRES_DB}`);
      expect(envSchema.shape.DATABASE_URL.safeParse(url.href).success).toBe(true);
    }
    expect(postgres.environment.POSTGRES_PASSWORD).toMatch(/^\$\{POSTGRES_PASSWORD:\?.+\}$/);
    expect(compose.volumes).toHaveProperty('postgres');
  });
});

/** `NAME: ${NAME…}`, or a URL. */
function expectSettings(environment: Record<string, string>): void {
  expect(Object.keys(environment).filter((name) => !SETTINGS.includes(name))).toEqual([]);
  for (const [name, value] of Object.entries(environment)) {
    if (name !== 'DATABASE_URL') expect(value).toMatch(new RegExp(`^\\$\\{${name}:[-?].*\\}$`));
  }
}

function expectProbe([program, script, path]: string[], expected: string): void {
  expect(program).toBe('node');
  expect(repository.exists(script!)).toBe(true);
  expect(path).toBe(expected);
  expect(paths).toHaveProperty([path!, 'get']);
}
