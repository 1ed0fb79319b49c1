import { SwitchServerError, SwitchUnavailableError } from '../../switch-gateway/switch.errors';
import type { SwitchGateway } from '../../switch-gateway/switch-gateway.service';
import { FeedbackCourier } from './feedback-courier';
import type { OutboxEntry } from './outbox.repository';
import type { OutboxService } from './outbox.service';

const FEEDBACK = { engine: 'general-7b', success: true, latencyMs: 1 };

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The outbox as a list in memory. */
class FakeOutbox {
  readonly entries: (OutboxEntry & { dueAt: number })[] = [];
  readonly refused: number[] = [];
  private nextId = 1;

  add(count = 1): void {
    for (let i = 0; i < count; i++) this.entries.push({ id: this.nextId++, payload: FEEDBACK, attempts: 0, dueAt: 0 });
  }
  recover(): Promise<Date | null> {
    return this.look();
  }
  async look(): Promise<Date | null> {
    return this.entries.length ? new Date(Math.max(...this.entries.map(({ dueAt }) => dueAt))) : null;
  }
  async claim(_topic: string, limit: number): Promise<OutboxEntry[]> {
    const due = this.entries.filter(({ dueAt }) => dueAt <= Date.now()).slice(0, limit);
    for (const entry of due) entry.dueAt = Date.now() + MINUTE;
    return due.map((entry) => ({ ...entry }));
  }
  async settle(outcome: Parameters<OutboxService['settle']>[0]): Promise<void> {
    const gone = [...outcome.delivered, ...outcome.refused];
    this.entries.splice(0, Infinity, ...this.entries.filter(({ id }) => !gone.includes(id)));
    this.refused.push(...outcome.refused);
    for (const entry of this.entries) {
      if (entry.id === outcome.failure?.id) entry.attempts++;
      if (outcome.postponed.includes(entry.id)) entry.dueAt = outcome.until.getTime();
    }
  }
}

describe(FeedbackCourier.name, () => {
  let outbox: FakeOutbox;
  let submitFeedback: jest.Mock<Promise<boolean>>;
  let courier: FeedbackCourier;

  beforeEach(async () => {
    jest.useFakeTimers({ now: new Date('2026-11-23T09:30:00Z') });
    outbox = new FakeOutbox();
    submitFeedback = jest.fn();
    const gateway = { takesFeedback: true, submitFeedback } as unknown as SwitchGateway;
    courier = new FeedbackCourier(outbox as unknown as OutboxService, gateway);
  });
  afterEach(async () => {
    const stopped = courier.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(SECOND);
    await stopped;
    jest.useRealTimers();
  });

  /** When Switch was called within the next `ms`, in seconds from now. */
  const callsWithin = async (ms: number): Promise<number[]> => {
    const from = Date.now();
    const at: number[] = [];
    const answer = submitFeedback.getMockImplementation()!;
    submitFeedback.mockImplementation((...args) => {
      at.push((Date.now() - from) / SECOND);
      return answer(...args) as Promise<boolean>;
    });
    await jest.advanceTimersByTimeAsync(ms);
    return at;
  };

  it('asks a Switch that does not know the call again after an hour, whatever is new meanwhile', async () => {
    submitFeedback.mockImplementation(async () => false);
    await courier.onApplicationBootstrap();
    outbox.add();
    courier.wake();
    await jest.advanceTimersByTimeAsync(SECOND);
    expect(submitFeedback).toHaveBeenCalledTimes(1);

    for (let minute = 0; minute < 59; minute++) {
      outbox.add();
      courier.wake();
      await jest.advanceTimersByTimeAsync(MINUTE);
    }
    expect(submitFeedback).toHaveBeenCalledTimes(1);
    submitFeedback.mockImplementation(async () => true);
    await jest.advanceTimersByTimeAsync(20 * MINUTE);
    expect(submitFeedback).toHaveBeenCalledTimes(61);
    expect(outbox.entries).toEqual([]);
  });

  it('waits longer after each failure, up to some five minutes', async () => {
    submitFeedback.mockRejectedValue(new SwitchUnavailableError());
    outbox.add();
    await courier.onApplicationBootstrap();
    const calls = await callsWithin(60 * MINUTE);
    const waits = calls.slice(1).map((at, index) => at - calls[index]!);
    waits.forEach((wait, index) => {
      const least = Math.min(2 ** index, 300);
      expect(wait).toBeGreaterThanOrEqual(least);
      expect(wait).toBeLessThanOrEqual(least * 1.25 + 1);
    });
    expect(calls.length).toBeGreaterThan(12);
    expect(outbox.entries).toHaveLength(1);
  });

  it('gives up on an entry that makes Switch fail again and again', async () => {
    submitFeedback.mockRejectedValue(new SwitchServerError(500));
    outbox.add();
    await courier.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(60 * MINUTE);
    expect(submitFeedback).toHaveBeenCalledTimes(10);
    expect(outbox.refused).toEqual([1]);
  });

  it('keeps waiting after a restart', async () => {
    submitFeedback.mockImplementation(async () => true);
    outbox.add();
    outbox.entries[0]!.dueAt = Date.now() + 10 * MINUTE;
    await courier.onApplicationBootstrap();
    outbox.add();
    courier.wake();
    expect(await callsWithin(9 * MINUTE)).toEqual([]);
    await jest.advanceTimersByTimeAsync(2 * MINUTE);
    expect(outbox.entries).toEqual([]);
  });

  it('leaves time between two calls', async () => {
    submitFeedback.mockImplementation(async () => true);
    outbox.add(500);
    await courier.onApplicationBootstrap();
    expect((await callsWithin(5 * SECOND)).length).toBeLessThanOrEqual(50);
    await jest.advanceTimersByTimeAsync(60 * SECOND);
    expect(outbox.entries).toEqual([]);
  });

  it('sends what came while it was sending', async () => {
    submitFeedback.mockImplementation(async () => {
      if (submitFeedback.mock.calls.length === 1) outbox.add();
      courier.wake();
      return true;
    });
    outbox.add();
    await courier.onApplicationBootstrap();
    await jest.advanceTimersByTimeAsync(2 * SECOND);
    expect(outbox.entries).toEqual([]);
  });
});
