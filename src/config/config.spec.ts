import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Config, InvalidConfigError, environment, loadConfig } from './config';
import { envSchema } from './env';

const MODEL_SERVER = { OPENAI_BASE_URL: 'http://models:11434/v1/', OPENAI_MODEL: 'llama3' };

/** What a person reads who starts the service with these settings. */
function complaint(source: NodeJS.ProcessEnv): string {
  try {
    loadConfig(source);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidConfigError);
    return (error as Error).message;
  }
  throw new Error('There was nothing to complain about.');
}

describe(loadConfig.name, () => {
  describe('with nothing set', () => {
    it('gives a service that works by itself, on this machine alone', () => {
      const config = loadConfig({});
      const origins = [
        'http://localhost:8011',
        'http://localhost:8020',
        'http://127.0.0.1:8011',
        'http://127.0.0.1:8020',
      ];

      expect(config.http).toEqual({ host: '127.0.0.1', port: 8011, allowedOrigins: origins, bodyMaxBytes: 262_144 });
      expect(config.auth).toEqual({ enabled: true, tokens: [], isProduction: false });
      expect(config.data.dir).toBe(resolve('data'));
      expect(config.database).toMatchObject({ url: `sqlite:${resolve('data/operator.db')}`, synchronous: 'full' });
      expect(config.engines).toEqual(['embedded']);
      expect(config.switch).toMatchObject({ timeoutMs: 30_000 });
      expect(config.openai).toEqual({
        baseUrl: null,
        apiKey: null,
        model: null,
        connectTimeoutMs: 2_000,
        firstTokenTimeoutMs: 60_000,
        idleTimeoutMs: 30_000,
        timeoutMs: 300_000,
      });
      expect(config.tools).toEqual({ maxSteps: 8, approval: 'write', approvalTimeoutMs: 3_600_000 });
      expect(config.upstreams.switch).toEqual({ url: null, token: null });
      expect(config.metrics).toBe('open');
      expect(config.traces.endpoint).toBeNull();
      expect(config.turn.recovery).toBe('fail');
      expect(config.limits).toEqual({
        messageBytes: 32_768,
        metadataBytes: 16_384,
        toolResultBytes: 65_536,
        listPage: 200,
        historyPage: 1_000,
      });
      expect(config.browser).toMatchObject({
        engine: 'playwright',
        executablePath: null,
        sandbox: process.getuid!() !== 0,
        allowScript: false,
        allowHosts: [],
        denyHosts: [],
        allowPorts: [80, 443],
      });
      expect(config.browser.concurrency).toBeGreaterThanOrEqual(1);
      expect(config.browser.concurrency).toBeLessThanOrEqual(8);
      expect(config.artifacts).toEqual({ dir: resolve('data/artifacts'), ttlMs: 604_800_000, quotaBytes: 2 ** 30 });
      expect(config.log).toMatchObject({ level: 'info', dir: null });
    });

    it('takes an empty or blank value for none at all', () => {
      const nothing = Object.fromEntries(Object.keys(envSchema.shape).map((name, n) => [name, n % 2 ? '' : ' \t']));
      expect(loadConfig(nothing)).toEqual(loadConfig({}));
    });
  });

  it('ignores variables that it does not know', () => {
    expect(loadConfig({ PATH: '/bin', OPERATOR_PROT: 'x', SWITCH: '' })).toEqual(loadConfig({}));
  });

  it.each<[NodeJS.ProcessEnv, (config: Config) => unknown, unknown]>([
    [{ OPERATOR_PORT: ' 0 ' }, ({ http }) => http.port, 0],
    [{ OPERATOR_PORT: '65535' }, ({ http }) => http.port, 65_535],
    [{ HOST: ' ::1 ' }, ({ http }) => http.host, '::1'],
    [{ ENABLE_AUTH: 'false' }, ({ auth }) => auth.enabled, false],
    [{ ENABLE_AUTH: ' 0 ' }, ({ auth }) => auth.enabled, false],
    [{ ENABLE_AUTH: '1' }, ({ auth }) => auth.enabled, true],
    [{ TURN_RECOVERY: 'retry ' }, ({ turn }) => turn.recovery, 'retry'],
    [{ LOG_FILE_MAX_MB: '2' }, ({ log }) => log.fileMaxBytes, 2_097_152],
    [{ LOG_DIR: 'logs' }, ({ log }) => log.dir, resolve('logs')],
    [{ DATA_DIR: '/srv/operator' }, ({ database }) => database.url, 'sqlite:/srv/operator/operator.db'],
    [{ DATABASE_URL: 'sqlite:/tmp/x.db' }, ({ database }) => database.url, 'sqlite:/tmp/x.db'],
    [{ DATABASE_URL: 'postgresql://u:p@db/x' }, ({ database }) => database.url, 'postgresql://u:p@db/x'],
    [{ SWITCH_URL: 'http://switch:8002//' }, ({ upstreams }) => upstreams.switch.url, 'http://switch:8002'],
    [{ SWITCH_URL: 'https://host/base/' }, ({ upstreams }) => upstreams.switch.url, 'https://host/base'],
    [{ SWITCH_URL: 'http://switch:8002' }, ({ engines }) => engines, ['vx11']],
    [{ SWITCH_URL: 'http://switch:8002', ...MODEL_SERVER }, ({ engines }) => engines, ['vx11']],
    [MODEL_SERVER, ({ engines }) => engines, ['openai']],
    [MODEL_SERVER, ({ openai }) => openai.baseUrl, 'http://models:11434/v1'],
    [{ OPENAI_BASE_URL: 'http://models:11434/v1' }, ({ engines }) => engines, ['embedded']],
    [{ OPENAI_MODEL: 'llama3' }, ({ engines }) => engines, ['embedded']],
    [
      { SWITCH_URL: 'http://switch:8002', ...MODEL_SERVER, ENGINE: 'openai, vx11,embedded' },
      ({ engines }) => engines,
      ['openai', 'vx11', 'embedded'],
    ],
    [{ TOOL_APPROVAL_TIMEOUT_S: '60' }, ({ tools }) => tools.approvalTimeoutMs, 60_000],
    [{ HOST: '0.0.0.0' }, ({ metrics }) => metrics, 'token'],
    [{ HOST: '0.0.0.0', METRICS: 'open' }, ({ metrics }) => metrics, 'open'],
    [{ METRICS: 'token' }, ({ metrics }) => metrics, 'token'],
    [{ SHUB_URL: 'http://shub:8007' }, ({ upstreams }) => upstreams.shub.url, 'http://shub:8007'],
    [{ VX11_TENTACULO_LINK_TOKEN: 'a', VX11_GATEWAY_TOKEN: 'b' }, ({ upstreams }) => upstreams.shub.token, 'b'],
    [{ VX11_TENTACULO_LINK_TOKEN: 'a', VX11_GATEWAY_TOKEN: 'b' }, ({ upstreams }) => upstreams.hermes.token, 'a'],
    [{ VX11_TENTACULO_LINK_TOKEN: 'a', HERMES_TOKEN: 'c' }, ({ upstreams }) => upstreams.hermes.token, 'c'],
    [{ API_TOKEN: 'd' }, ({ upstreams }) => upstreams.shub.token, 'd'],
    [{ SWITCH_URL: 'http://switch:8002', ENGINE: 'embedded' }, ({ engines }) => engines, ['embedded']],
    [
      { ALLOWED_ORIGINS: 'http://a, https://b:8443,' },
      ({ http }) => http.allowedOrigins,
      ['http://a', 'https://b:8443'],
    ],
    [
      { ALLOWED_ORIGINS: '["http://a","https://b:8443"]' },
      ({ http }) => http.allowedOrigins,
      ['http://a', 'https://b:8443'],
    ],
    [
      { BROWSER_ALLOW_HOSTS: '*.Example.com.:8080, 10.0.0.0/8,' },
      ({ browser }) => browser.allowHosts,
      [
        { kind: 'subdomains', of: 'example.com', port: 8080 },
        { kind: 'network', address: '10.0.0.0', prefix: 8, port: null },
      ],
    ],
    [
      { BROWSER_DENY_HOSTS: 'bücher.example' },
      ({ browser }) => browser.denyHosts,
      [{ kind: 'name', name: 'xn--bcher-kva.example', port: null }],
    ],
    [{ BROWSER_ALLOW_PORTS: '80, 8080' }, ({ browser }) => browser.allowPorts, [80, 8080]],
    [{ ALLOWED_ORIGINS: '[]' }, ({ http }) => http.allowedOrigins, []],
    [{ VX11_OPERATOR_TOKEN: 'a, b,,c', API_TOKEN: 'd' }, ({ auth }) => auth.tokens, ['a', 'b', 'c', 'd']],
  ])('understands %j', (source, read, value) => {
    expect(read(loadConfig(source))).toEqual(value);
  });

  it.each<[NodeJS.ProcessEnv, string | null]>([
    [{ VX11_OPERATOR_TOKEN: 'inbound-only' }, null],
    [{ API_TOKEN: 'api' }, 'api'],
    [{ API_TOKEN: 'api', VX11_GATEWAY_TOKEN: 'gateway' }, 'gateway'],
    [{ API_TOKEN: 'api', VX11_GATEWAY_TOKEN: 'gateway', VX11_TENTACULO_LINK_TOKEN: 'link,old-link' }, 'link'],
    [{ API_TOKEN: 'api', VX11_TENTACULO_LINK_TOKEN: '' }, 'api'],
    [{ API_TOKEN: 'api', VX11_TENTACULO_LINK_TOKEN: ' , ' }, 'api'],
    [{ API_TOKEN: 'api', SWITCH_TOKEN: 'for-switch' }, 'for-switch'],
  ])('given %j presents %p to Switch', (source, token) => {
    expect(loadConfig(source).upstreams.switch.token).toBe(token);
  });

  it('cannot be changed afterwards', () => {
    const config = loadConfig({});
    expect(() => ((config.http as { port: number }).port = 1)).toThrow(TypeError);
    expect(() => (config.http.allowedOrigins as string[]).push('http://evil')).toThrow(TypeError);
  });

  describe('complains in one line that names the variable, what it got and what it expects:', () => {
    const URL = 'a URL like http://host:port';
    const HOSTS = 'hosts like example.com, *.example.com:8080, 10.0.0.0/8 or [fd00::1]:80, comma-separated';
    const PORTS = 'ports from 1 to 65535, comma-separated';
    const ORIGINS = 'origins like http://localhost:8020, comma-separated or as a JSON list';
    const DATABASE = 'sqlite:<file> or postgres://user:password@host:port/database';
    const TOKENS = 'one or more tokens, comma-separated, of printable characters without spaces';
    const ENGINES = 'one or more of vx11, openai, embedded, comma-separated';
    const HIDDEN = 'a value that is not shown';

    it.each([
      ['OPERATOR_PORT', '65536', '"65536"', 'an integer from 0 to 65535'],
      ['OPERATOR_PORT', '-1', '"-1"', 'an integer from 0 to 65535'],
      ['OPERATOR_PORT', '80.5', '"80.5"', 'an integer from 0 to 65535'],
      ['OPERATOR_PORT', '0x50', '"0x50"', 'an integer from 0 to 65535'],
      ['OPERATOR_PORT', '1e3', '"1e3"', 'an integer from 0 to 65535'],
      ['SWITCH_TIMEOUT_MS', '30s', '"30s"', 'an integer from 10 to 600000'],
      ['BODY_MAX_BYTES', '9999999999999999', '"9999999999999999"', 'an integer from 1024 to 16777216'],
      ['ENABLE_AUTH', 'no', '"no"', 'true or false'],
      ['ENABLE_AUTH', 'True', '"True"', 'true or false'],
      ['TURN_RECOVERY', 'Retry', '"Retry"', 'one of fail, retry'],
      ['ENGINE', 'gpt', '"gpt"', ENGINES],
      ['ENGINE', 'embedded,gpt', '"embedded,gpt"', ENGINES],
      ['ENGINE', 'embedded,vx11,embedded', '"embedded,vx11,embedded"', ENGINES],
      ['ENGINE', ',', '","', ENGINES],
      ['OPENAI_BASE_URL', 'http://user:secret@models/v1', HIDDEN, URL],
      ['TOOL_MAX_STEPS', '65', '"65"', 'an integer from 1 to 64'],
      ['TOOL_APPROVAL', 'some', '"some"', 'one of write, all, none'],
      [
        'LOG_LEVEL',
        'loud\nFORGED: line',
        '"loud\\nFORGED: line"',
        'one of fatal, error, warn, info, debug, trace, silent',
      ],
      ['SWITCH_URL', 'switch:8002', '"switch:8002"', URL],
      ['SWITCH_URL', 'ftp://switch', '"ftp://switch"', URL],
      ['SWITCH_URL', 'http://', '"http://"', URL],
      ['SWITCH_URL', 'http://switch/?a=b', '"http://switch/?a=b"', URL],
      ['SWITCH_URL', 'http://switch/#a', '"http://switch/#a"', URL],
      ['SWITCH_URL', 'http://user:secret@switch', HIDDEN, URL],
      ['ALLOWED_ORIGINS', '*', '"*"', ORIGINS],
      ['ALLOWED_ORIGINS', 'localhost:8020', '"localhost:8020"', ORIGINS],
      ['ALLOWED_ORIGINS', 'http://a/', '"http://a/"', ORIGINS],
      ['ALLOWED_ORIGINS', 'http://a/path', '"http://a/path"', ORIGINS],
      ['ALLOWED_ORIGINS', 'http://a, null', '"http://a, null"', ORIGINS],
      ['ALLOWED_ORIGINS', 'file:///etc', '"file:///etc"', ORIGINS],
      ['ALLOWED_ORIGINS', '["http://a"', '"[\\"http://a\\""', ORIGINS],
      ['ALLOWED_ORIGINS', '["http://a", 5]', '"[\\"http://a\\", 5]"', ORIGINS],
      ['ALLOWED_ORIGINS', '{"a":"http://a"}', '"{\\"a\\":\\"http://a\\"}"', ORIGINS],
      ['BROWSER_ALLOW_HOSTS', '*', '"*"', HOSTS],
      ['BROWSER_ALLOW_HOSTS', 'a.example, http://b', '"a.example, http://b"', HOSTS],
      ['BROWSER_DENY_HOSTS', '10.0.0.0/33', '"10.0.0.0/33"', HOSTS],
      ['BROWSER_DENY_HOSTS', 'a:0', '"a:0"', HOSTS],
      ['BROWSER_ALLOW_PORTS', 'http', '"http"', PORTS],
      ['BROWSER_ALLOW_PORTS', '80,65536', '"80,65536"', PORTS],
      ['BROWSER_ALLOW_PORTS', ',', '","', PORTS],
      ['DATABASE_URL', 'mysql://root:secret@db/x', HIDDEN, DATABASE],
      ['DATABASE_URL', 'sqlite:', HIDDEN, DATABASE],
      ['DATABASE_URL', 'sqlite::memory:', HIDDEN, DATABASE],
      ['DATABASE_URL', 'operator.db', HIDDEN, DATABASE],
      ['VX11_OPERATOR_TOKEN', 'two secret words', HIDDEN, TOKENS],
      ['API_TOKEN', 'schön,secret', HIDDEN, TOKENS],
    ])('%s=%j', (name, value, got, expected) => {
      const said = complaint({ [name]: value });
      expect(said).toBe(`${name}: got ${got}, expected ${expected}`);
      expect(said).not.toMatch(/secret|\n/);
    });

    it('one line each for several at once', () => {
      const source = { OPERATOR_PORT: 'http', API_TOKEN: 'my secret', ENGINE: 'gpt', LOG_LEVEL: 'warn' };
      expect(complaint(source).split('\n')).toEqual([
        'OPERATOR_PORT: got "http", expected an integer from 0 to 65535',
        `API_TOKEN: got ${HIDDEN}, expected ${TOKENS}`,
        `ENGINE: got "gpt", expected ${ENGINES}`,
      ]);
    });

    it('an engine without a Switch', () => {
      expect(complaint({ ENGINE: 'vx11' })).toBe(`SWITCH_URL: got nothing with ENGINE="vx11", expected ${URL}`);
    });

    it('an engine without a model server, or without a model', () => {
      expect(complaint({ ENGINE: 'openai,embedded' }).split('\n')).toEqual([
        `OPENAI_BASE_URL: got nothing with ENGINE="openai,embedded", expected ${URL}`,
        'OPENAI_MODEL: got nothing with ENGINE="openai,embedded", expected the name of a model',
      ]);
      expect(complaint({ ...MODEL_SERVER, OPENAI_MODEL: '', ENGINE: 'openai' })).toMatch(/^OPENAI_MODEL: [^\n]*$/);
    });
  });

  it('knows in words what every variable expects', () => {
    for (const [name, schema] of Object.entries(envSchema.shape)) {
      expect(`${name}: ${schema.description}`).toMatch(/^[A-Z0-9_]+: .*\.$/);
    }
  });
});

describe(environment.name, () => {
  const home = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'operator-env-'));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(home);
    delete process.env.OPERATOR_PORT;
    rmSync(folder, { recursive: true });
  });

  it('is the process environment over .env', () => {
    writeFileSync('.env', '# a comment\nOPERATOR_PORT=9000\nLOG_LEVEL="debug"\n');
    expect(environment()).toMatchObject({ OPERATOR_PORT: '9000', LOG_LEVEL: 'debug' });
    process.env.OPERATOR_PORT = '9001';
    expect(environment()).toMatchObject({ OPERATOR_PORT: '9001', LOG_LEVEL: 'debug', PATH: process.env.PATH });
  });

  it('does without .env', () => {
    expect(environment()).toEqual({ ...process.env });
  });

  it('complains when .env cannot be read', () => {
    mkdirSync('.env');
    expect(() => environment()).toThrow(InvalidConfigError);
    expect(() => environment()).toThrow(/^\.env: cannot be read/);
  });
});
