import { Client, expectOk } from '../support/client';
import { type Usage, usageOf } from '../support/process-usage';
import type { RunningServer } from '../support/processes';
import { percentile } from '../support/statistics';
import { table } from '../support/table';
import type { Kind, Report, ReportCommand, TalkCommand, WatchCommand } from './readers';

/** The process that reads streams, told what to read. */
export class Readers {
  private readonly client: Client;

  constructor(url: string) {
    this.client = new Client(url);
  }

  talk = (command: TalkCommand): Promise<Report> => this.tell('/talk', command);
  watch = (command: WatchCommand): Promise<object> => this.tell('/watch', command);
  heard = (): Promise<{ tokens: number }> => this.tell('/heard', {});
  report = (command: ReportCommand): Promise<Report> => this.tell('/report', command);
  leave = (): Promise<object> => this.tell('/leave', {});

  private async tell<T>(path: string, command: object): Promise<T> {
    return expectOk<T>(await this.client.post(path, JSON.stringify(command)));
  }
}

/** What is measured, and what it is measured against. */
export interface Target extends RunningServer {
  name: string;
  kind: Kind;
}

/** Of all rounds. */
export class Measured {
  readonly delaysMs: number[] = [];
  rssMb = 0;
  private cpuMs = 0;

  constructor(readonly name: string) {}

  add(delaysMs: number[], before: Usage, after: Usage): void {
    for (const delay of delaysMs) this.delaysMs.push(delay);
    this.cpuMs += after.cpuMs - before.cpuMs;
    this.rssMb = Math.max(this.rssMb, after.rssMb);
  }

  at(share: number): number {
    return percentile(this.delaysMs, share);
  }

  get cpuUsEach(): number {
    return (this.cpuMs / this.delaysMs.length) * 1_000;
  }
}

/** A round against the target: its figures go into `measured`. What is wrong with what was heard ends the bench. */
export async function measure(target: Target, measured: Measured, round: () => Promise<Report>): Promise<void> {
  const before = usageOf(target.pid);
  const { delaysMs, problems } = await round();
  measured.add(delaysMs, before, usageOf(target.pid));
  if (problems.length > 0) throw new Error(`${target.name}: wrong data\n${problems.join('\n')}`);
}

export const describeMeasured = (measured: Measured[], each: string): string =>
  table([
    ['target', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms', `CPU µs/${each}`, 'RSS MB'],
    ...measured.map((one) => [
      one.name,
      ...[0.5, 0.95, 0.99, 1].map((share) => one.at(share).toFixed(2)),
      one.cpuUsEach.toFixed(0),
      one.rssMb.toFixed(0),
    ]),
  ]);
