import { setTimeout as sleep } from 'node:timers/promises';
import { Client, expectOk } from '../support/client';
import { usageOf } from '../support/process-usage';
import type { RunningServer } from '../support/processes';

/** Connections settle before anything is counted. */
const RAMP_MS = 200;
const MESSAGE = 'Why is the EU queue slow since the migration yesterday, and what would you do about it first?';

export interface Sample {
  turnsPerSecond: number;
  latenciesMs: number[];
  cpuMsPerTurn: number;
  rssMb: number;
}

/** Somebody who asks again as soon as there is an answer, over one connection. */
export interface User {
  turn(): Promise<void>;
}

/** A person in a session of their own. */
class Talker implements User {
  private readonly client: Client;
  private readonly body: string;

  constructor(url: string, sessionId: string) {
    this.client = new Client(url, 1);
    this.body = JSON.stringify({ session_id: sessionId, message: MESSAGE });
  }

  async turn(): Promise<void> {
    const { response } = expectOk<{ response?: string }>(await this.client.post('/operator/chat', this.body));
    if (!response) throw new Error('An answer without a text.');
  }
}

/** Something that answers, `POST /operator/chat` unless told, and those who ask it. */
export class Target {
  /** All turns so far, counted or not. */
  turns = 0;
  private readonly talkers: User[];

  constructor(
    readonly name: string,
    private readonly server: RunningServer,
    connections: number,
    newUser: (url: string, index: number) => User = (url, index) => new Talker(url, `load-${index}`),
  ) {
    this.talkers = Array.from({ length: connections }, (_, index) => newUser(server.url, index));
  }

  get rssMb(): number {
    return usageOf(this.server.pid).rssMb;
  }

  /** A number of turns, as fast as they go. */
  async run(turns: number): Promise<void> {
    let left = turns;
    await this.talk(this.talkers.length, () => left-- > 0);
  }

  /** Turns for a while, over some of the connections. */
  async measure(connections: number, ms: number): Promise<Sample> {
    const latencies: number[] = [];
    let phase: 'ramp' | 'counting' | 'over' = 'ramp';
    const talking = this.talk(
      connections,
      () => phase !== 'over',
      (latency) => phase === 'counting' && latencies.push(latency),
    );
    const pause = (duration: number) => Promise.race([sleep(duration), talking]);

    await pause(RAMP_MS);
    phase = 'counting';
    const startedAt = performance.now();
    const before = usageOf(this.server.pid);
    await pause(ms);
    const after = usageOf(this.server.pid);
    const elapsedMs = performance.now() - startedAt;
    phase = 'over';
    await talking;

    return {
      turnsPerSecond: (latencies.length / elapsedMs) * 1_000,
      latenciesMs: latencies,
      cpuMsPerTurn: (after.cpuMs - before.cpuMs) / latencies.length,
      rssMb: after.rssMb,
    };
  }

  private async talk(connections: number, goesOn: () => boolean, done?: (latencyMs: number) => void): Promise<void> {
    await Promise.all(
      this.talkers.slice(0, connections).map(async (talker) => {
        while (goesOn()) {
          const startedAt = performance.now();
          await talker.turn();
          done?.(performance.now() - startedAt);
          this.turns++;
        }
      }),
    );
  }
}
