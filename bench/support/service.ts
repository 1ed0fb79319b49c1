import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { scripts } from '../../package.json';
import { adopt, end, hasEnded } from './processes';

export const TOKEN = 'bench-token-0123456789';

const MAIN = resolve(__dirname, '../../dist/src/main.js');
/** As `npm start` starts it. */
const FLAGS = scripts.start.split(' ').filter((word) => word.startsWith('--'));
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 10;

export interface ServiceOptions {
  dataDir: string;
  /** None: the embedded engine answers chats. */
  switchUrl?: string;
  env?: Record<string, string>;
  /** Another program that starts the service, instead of its own. */
  main?: string;
}

/** The built service as a process of its own, on a free port, its log in a file. */
export class Service {
  readonly pid: number;

  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
    private readonly logFrom: number,
  ) {
    this.pid = child.pid!;
  }

  static launch({ dataDir, switchUrl, env, main }: ServiceOptions): Service {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing: run \`npm run build\` first.`);
    const logFile = join(dataDir, 'service.log');
    const logFrom = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
    const log = openSync(logFile, 'a');
    const program = main ? [...process.execArgv, main] : [...FLAGS, MAIN];
    const child = spawn(process.execPath, program, {
      // Away from the project, so that nobody's `.env` takes part.
      cwd: dataDir,
      stdio: ['ignore', log, log],
      env: {
        DATA_DIR: dataDir,
        OPERATOR_PORT: '0',
        // One client makes the load of many.
        RATE_LIMIT_POSTS: '0',
        SWITCH_URL: switchUrl ?? '',
        TZ: 'UTC',
        VX11_OPERATOR_TOKEN: TOKEN,
        ...env,
      },
    });
    closeSync(log);
    return new Service(adopt(child), logFile, logFrom);
  }

  static async start(options: ServiceOptions): Promise<Service & { url: string }> {
    const service = Service.launch(options);
    return Object.assign(service, { url: await service.ready() });
  }

  stop(): Promise<void> {
    return end(this.child, 'SIGTERM');
  }

  kill(): Promise<void> {
    return end(this.child, 'SIGKILL');
  }

  /** The URL, once the service says that it listens there. */
  private async ready(): Promise<string> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (Date.now() < deadline && !hasEnded(this.child)) {
      const line = this.log().find((text) => text.includes('"startup:v7_initialized"'));
      if (line) return (JSON.parse(line) as { url: string }).url;
      await sleep(POLL_MS);
    }
    await this.kill();
    throw new Error(`The service did not start:\n${this.log().slice(-20).join('\n')}`);
  }

  /** Whole lines since this start. */
  private log(): string[] {
    return readFileSync(this.logFile).subarray(this.logFrom).toString().split('\n').slice(0, -1);
  }
}
