import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { EventFrame, type StoredEvent } from './event-frame';
import { EventHub } from './event-hub';
import type { EventRepository } from './event.repository';
import type { MessageDelta, StreamEnd } from './events.types';
import { AT, FakeLog, FakeSink, FakeSpeaker, SESSION } from '../../test/support/fake-stream';
import { type FollowOptions, SessionFollower } from './session-follower';

const settled = async () => {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
};

describe(SessionFollower.name, () => {
  let hub: EventHub;
  let log: FakeLog;
  let sink: FakeSink;
  let speaker: FakeSpeaker;
  let client: AbortController;
  let follower: SessionFollower;
  let running: Promise<StreamEnd | null>;

  const setUp = () => {
    hub = new EventHub();
    log = new FakeLog();
    sink = new FakeSink();
    speaker = new FakeSpeaker(hub, log);
    client = new AbortController();
  };
  const follow = (options: Partial<FollowOptions> = {}) => {
    const events = log as unknown as EventRepository;
    follower = new SessionFollower(hub, events, sink, { sessionId: SESSION, after: 0, ...options });
    running = follower.run(client.signal);
    return settled();
  };
  const happens = (type: string, data?: object) => hub.publish([log.commit(type, data)]);
  const upTo = (last: number, after = 0) => Array.from({ length: last - after }, (_, index) => after + index + 1);

  beforeEach(setUp);
  afterEach(async () => {
    client.abort();
    sink.drain();
    await running;
  });

  it('tells what was before, and then what happens', async () => {
    for (let n = 0; n < 3; n++) log.commit('turn.started');
    await follow();
    expect(sink.seqs).toEqual([1, 2, 3]);
    happens('turn.succeeded');
    expect(sink.seqs).toEqual([1, 2, 3, 4]);
    expect(sink.frames.at(-1)).toMatchObject({ sessionId: SESSION, type: 'turn.succeeded', cursor: '4' });
    expect(follower.lastSeq).toBe(4);
  });

  it('goes on after the event that the reader has got', async () => {
    for (let n = 0; n < 5; n++) log.commit('turn.started');
    await follow({ after: 3 });
    happens('turn.succeeded');
    expect(sink.seqs).toEqual([4, 5, 6]);
  });

  it('begins anew where the reader has got more than there is: that was an earlier session of this name', async () => {
    for (const type of ['session.created', 'message.created']) log.commit(type);
    await follow({ after: 57 });
    expect(sink.seqs).toEqual([1, 2]);
  });

  it('tells a log of any length', async () => {
    for (let n = 0; n < 1_000; n++) log.commit('turn.started');
    await follow();
    await settled();
    await settled();
    await settled();
    expect(sink.seqs).toEqual(upTo(1_000));
  });

  it('lets others have their turn meanwhile, however quick the log and the reader are', async () => {
    log.answersAtOnce = true;
    for (let n = 0; n < 1_000; n++) log.commit('turn.started');
    const following = follow();
    await setImmediate();
    expect(sink.frames.length).toBeLessThan(500);
    await following;
    await settled();
    expect(sink.seqs).toEqual(upTo(1_000));
  });

  it('does not read the log while nothing happens, nor for what it hears of', async () => {
    await follow();
    const { reads } = log;
    await settled();
    happens('turn.started');
    await settled();
    expect(log.reads).toBe(reads);
  });

  it('tells nothing of other sessions', async () => {
    await follow();
    hub.publish([{ sessionId: 'other', seq: 1, type: 'turn.started', data: '{}', at: AT }]);
    new FakeSpeaker(hub, log, 'turn', 1, 'other').say('It rains.');
    await settled();
    expect(sink.frames).toEqual([]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'misses nothing, and tells nothing twice, of what happens %i moments on',
    async (moments) => {
      for (let n = 0; n < 150; n++) log.commit('turn.started');
      const following = follow();
      for (let moment = 0; moment < moments; moment++) await setImmediate();
      happens('tool_call.started');
      happens('tool_call.finished');
      await following;
      await settled();
      expect(sink.seqs).toEqual(upTo(152));
      happens('turn.succeeded');
      expect(sink.seqs).toEqual(upTo(153));
    },
  );

  it('tells what is heard of twice, or late, once', async () => {
    await follow();
    const event = log.commit('turn.started');
    hub.publish([event]);
    hub.publish([event]);
    happens('turn.succeeded');
    hub.publish([event]);
    await settled();
    expect(sink.seqs).toEqual([1, 2]);
  });

  it('needs not be told of what it has read', async () => {
    const event = log.commit('turn.started');
    await follow();
    const { reads } = log;
    hub.publish([event]);
    await settled();
    expect(sink.seqs).toEqual([1]);
    expect(log.reads).toBe(reads);
  });

  it('reads what it has not heard of, such as what another instance has stored', async () => {
    await follow();
    log.commit('turn.started');
    happens('turn.succeeded');
    await settled();
    expect(sink.seqs).toEqual([1, 2]);
    happens('turn.started');
    expect(sink.seqs).toEqual([1, 2, 3]);
  });

  describe('where an answer is being given', () => {
    it('tells it as it is said, each piece where a reader can go on from', async () => {
      happens('turn.started');
      await follow();
      happens('tool_call.started');
      speaker.say('It ');
      speaker.say('rains.');
      expect(sink.pieces).toEqual([
        [null, 0, 'It '],
        [null, 3, 'rains.'],
      ]);
      expect(sink.frames.at(-1)).toMatchObject({ type: 'message.delta', cursor: '2' });
    });

    it('tells a reader that comes in the middle of it what is not stored yet, as one piece', async () => {
      speaker.say('It ');
      speaker.store();
      speaker.say('rai');
      speaker.say('ns');
      await follow();
      speaker.say('.');
      expect(sink.pieces).toEqual([
        [1, 0, 'It '],
        [null, 3, 'rains'],
        [null, 8, '.'],
      ]);
    });

    it('does not tell again, when it is stored, what was told as it was said', async () => {
      await follow();
      speaker.say('It ');
      speaker.say('rains.');
      speaker.store(1);
      speaker.store();
      happens('turn.succeeded');
      await settled();
      expect(sink.pieces).toEqual([
        [null, 0, 'It '],
        [null, 3, 'rains.'],
      ]);
      expect(sink.seqs).toEqual([3]);
      expect(follower.lastSeq).toBe(3);
    });

    it('tells what is stored when it was not heard', async () => {
      await follow();
      speaker.say('It ');
      const delta = { turn_id: 'turn', attempt: 1, offset: 0, text: 'It rains.' };
      happens('message.delta', delta);
      expect(sink.pieces).toEqual([
        [null, 0, 'It '],
        [1, 0, 'It rains.'],
      ]);
    });

    it('does not take one attempt for the other', async () => {
      await follow();
      speaker.say('It rains.');
      speaker.stop();
      const again = new FakeSpeaker(hub, log, 'turn', 2);
      again.say('It ');
      again.store();
      happens('message.delta', { turn_id: 'other', attempt: 2, offset: 0, text: 'No' });
      expect(sink.pieces).toEqual([
        [null, 0, 'It rains.'],
        [null, 0, 'It '],
        [2, 0, 'No'],
      ]);
    });
  });

  describe('of which the reader is slow', () => {
    it('reads what it has not told from the log, when there is room again', async () => {
      await follow();
      sink.isFull = true;
      for (let n = 0; n < 300; n++) happens('turn.started');
      await settled();
      expect(sink.seqs).toEqual([1]);
      sink.drain();
      await settled();
      happens('turn.succeeded');
      await settled();
      expect(sink.seqs).toEqual(upTo(301));
    });

    it('waits for it after each event while it reads the log', async () => {
      for (let n = 0; n < 5; n++) log.commit('turn.started');
      await follow();
      sink.isFull = true;
      happens('turn.started');
      for (let n = 0; n < 4; n++) log.commit('turn.started');
      for (let told = 6; told <= 10; told++) {
        await settled();
        expect(sink.seqs).toEqual(upTo(told));
        sink.drain();
        sink.isFull = true;
      }
    });

    it('leaves out pieces of an answer, which it tells as they are stored', async () => {
      await follow();
      speaker.say('It ');
      sink.isFull = true;
      speaker.say('rai');
      speaker.say('ns');
      speaker.say('.');
      speaker.store();
      await settled();
      sink.drain();
      await settled();
      speaker.say(' Still.');
      expect(sink.pieces).toEqual([
        [null, 0, 'It '],
        [null, 3, 'rai'],
        [1, 0, 'It rains.'],
        [null, 9, ' Still.'],
      ]);
    });

    it('tells what it has left out of an answer, and is not stored yet, when there is room again', async () => {
      await follow();
      sink.isFull = true;
      speaker.say('It ');
      speaker.say('rains.');
      await settled();
      sink.drain();
      await settled();
      expect(sink.pieces).toEqual([
        [null, 0, 'It '],
        [null, 0, 'It rains.'],
      ]);
    });

    it('waits for it when what is being said is more than enough', async () => {
      const following = follow();
      await Promise.resolve();
      sink.isFull = true;
      speaker.say('It ');
      await following;
      speaker.say('rains');
      expect(sink.pieces).toEqual([[null, 0, 'It ']]);
      sink.drain();
      await settled();
      speaker.say('.');
      expect(sink.pieces).toEqual([
        [null, 0, 'It '],
        [null, 0, 'It rains'],
        [null, 8, '.'],
      ]);
    });

    it('gives up one that takes nothing while the log is read', async () => {
      for (let n = 0; n < 5; n++) log.commit('turn.started');
      sink.isFull = true;
      const following = follow();
      sink.giveUp();
      await following;
      expect(await running).toBe('slow_reader');
      expect(sink.frames).toEqual([]);
    });

    it('gives up one that has stopped to take anything', async () => {
      for (let n = 0; n < 5; n++) log.commit('turn.started');
      await follow();
      sink.isFull = true;
      happens('turn.started');
      await settled();
      sink.giveUp();
      expect(await running).toBe('slow_reader');
      expect(sink.seqs).toEqual(upTo(6));
    });

    it('gives up one that stops in the middle of the log', async () => {
      for (let n = 0; n < 5; n++) log.commit('turn.started');
      const following = follow();
      await Promise.resolve();
      sink.isFull = true;
      await following;
      expect(sink.seqs).toEqual([1]);
      sink.giveUp();
      expect(await running).toBe('slow_reader');
    });

    it('says why else it has ended, if it has, before the reader was given up', async () => {
      await follow();
      sink.isFull = true;
      happens('turn.started');
      await settled();
      follower.end('shutting_down');
      sink.giveUp();
      expect(await running).toBe('shutting_down');
    });
  });

  describe('ends', () => {
    const isLast = ({ type }: EventFrame) => type === 'turn.succeeded';

    it('with the last event, when it happens', async () => {
      await follow({ isLast });
      happens('turn.started');
      happens('turn.succeeded');
      happens('turn.started');
      expect(await running).toBe('turn_ended');
      expect(sink.seqs).toEqual([1, 2]);
    });

    it('with the last event, when it is in the log', async () => {
      for (const type of ['turn.started', 'turn.succeeded', 'turn.started']) log.commit(type);
      await follow({ isLast });
      expect(await running).toBe('turn_ended');
      expect(sink.seqs).toEqual([1, 2]);
    });

    it('with the last event, when there is more than enough before it', async () => {
      await follow({ isLast });
      sink.isFull = true;
      for (let n = 0; n < 150; n++) happens('turn.started');
      happens('turn.succeeded');
      happens('turn.started');
      await settled();
      sink.drain();
      expect(await running).toBe('turn_ended');
      expect(sink.seqs).toEqual(upTo(151));
    });

    it('not with the last event of a reader that has got it', async () => {
      for (const type of ['turn.started', 'turn.succeeded']) log.commit(type);
      await follow({ after: 2, isLast });
      happens('turn.started');
      happens('turn.succeeded');
      expect(await running).toBe('turn_ended');
      expect(sink.seqs).toEqual([3, 4]);
    });

    it.each<StreamEnd>(['session_erased', 'shutting_down'])('when it is told to, and says why: %s', async (why) => {
      log.commit('turn.started');
      await follow();
      follower.end(why);
      expect(await running).toBe(why);
    });

    it('when the session is erased, and tells nothing more', async () => {
      await follow();
      hub.close(SESSION, 'session_erased');
      happens('turn.started');
      expect(await running).toBe('session_erased');
      expect(sink.frames).toEqual([]);
    });

    it('with the first reason there is', async () => {
      await follow();
      follower.end('session_erased');
      follower.end('shutting_down');
      expect(await running).toBe('session_erased');
    });

    it('when it is told to while it reads', async () => {
      for (let n = 0; n < 250; n++) log.commit('turn.started');
      const following = follow();
      follower.end('shutting_down');
      await following;
      expect(await running).toBe('shutting_down');
      expect(sink.frames).toEqual([]);
    });

    it('without a reason when the client has gone', async () => {
      await follow();
      client.abort();
      expect(await running).toBeNull();
    });

    it('without a reason when the client has gone, whatever else there was', async () => {
      await follow();
      follower.end('shutting_down');
      client.abort();
      expect(await running).toBeNull();
    });

    it('without a reason when the client has gone before it began', async () => {
      log.commit('turn.started');
      client.abort();
      await follow();
      expect(await running).toBeNull();
      expect(sink.frames).toEqual([]);
    });

    it('without a reason when the client goes while it reads', async () => {
      for (let n = 0; n < 250; n++) log.commit('turn.started');
      const following = follow();
      client.abort();
      await following;
      expect(await running).toBeNull();
      expect(sink.frames).toEqual([]);
    });

    it('and hears of nothing any more, even if it ends because the log cannot be read', async () => {
      const unwatch = jest.spyOn(hub, 'unwatch');
      jest.spyOn(log, 'after').mockRejectedValue(new Error('no database'));
      const following = follow();
      await expect(running).rejects.toThrow('no database');
      await following;
      running = Promise.resolve(null);
      expect(unwatch).toHaveBeenCalledWith(SESSION, follower);
    });
  });

  describe('whatever happens when', () => {
    const command = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ do: fc.constant('say' as const), piece: fc.string({ minLength: 1, maxLength: 5 }) }),
      },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('store' as const), to: fc.nat(3) }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 3 }) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.constant(120) }) },
      {
        weight: 8,
        arbitrary: fc.record({ do: fc.constant('wait' as const), moments: fc.integer({ min: 1, max: 4 }) }),
      },
      {
        weight: 12,
        arbitrary: fc.record({
          do: fc.constantFrom('commit' as const, 'hear' as const, 'fill' as const, 'drain' as const, 'retry' as const),
        }),
      },
    );
    const commands = fc.array(command, { maxLength: 60 });

    /** What a client makes of pieces: it puts each where it belongs. */
    class Texts {
      private readonly texts = new Map<string, string>();

      of(turnId: string, attempt: number): string {
        return this.texts.get(`${turnId} ${attempt}`) ?? '';
      }

      put({ turn_id, attempt, offset, text }: MessageDelta): void {
        const before = this.of(turn_id, attempt);
        expect(offset).toBeLessThanOrEqual(before.length);
        this.texts.set(`${turn_id} ${attempt}`, before.slice(0, offset) + text + before.slice(offset + text.length));
      }

      has({ turn_id, attempt, offset, text }: MessageDelta): boolean {
        return this.of(turn_id, attempt).startsWith(text, offset);
      }
    }

    it('tells everything once, in order, but what was heard before it was stored', async () => {
      await fc.assert(
        fc.asyncProperty(commands, fc.nat(60), fc.nat(), async (course, joinsAt, has) => {
          setUp();
          const speakers = [speaker];
          let after = 0;
          /** Stored by another instance; nobody here has been told. */
          const unheard: StoredEvent[] = [];
          const take = async (given: (typeof course)[number]) => {
            const current = speakers.at(-1)!;
            if (given.do === 'say') current.say(given.piece);
            if (given.do === 'store') current.store(given.to);
            if (given.do === 'publish') for (let n = 0; n < given.count; n++) happens('tool_call.started');
            if (given.do === 'commit') unheard.push(log.commit('adjustment.created'));
            if (given.do === 'hear') hub.publish(unheard.splice(0));
            if (given.do === 'fill') sink.isFull = true;
            if (given.do === 'drain') sink.drain();
            if (given.do === 'wait') for (let n = 0; n < given.moments; n++) await setImmediate();
            if (given.do === 'retry') {
              current.stop();
              speakers.push(new FakeSpeaker(hub, log, 'turn', speakers.length + 1));
            }
          };
          const join = () => {
            after = has % (log.events.length + 1);
            void follow({ after });
          };
          for (const [index, given] of course.entries()) {
            if (index === joinsAt) join();
            await take(given);
          }
          if (joinsAt >= course.length) join();
          sink.drain();
          for (let n = 0; n < 3; n++) await settled();
          hub.publish(unheard);
          await settled();
          happens('turn.succeeded');
          for (let n = 0; n < 3; n++) await settled();

          const texts = new Texts();
          const deltaOf = (event: StoredEvent) => EventFrame.stored(event).delta;
          for (const event of log.events.slice(0, after)) if (deltaOf(event)) texts.put(deltaOf(event)!);
          let next = after + 1;
          for (const { seq, delta } of sink.frames) {
            // What is not told had been heard by then.
            for (; seq !== null && next < seq; next++) {
              const twin = deltaOf(log.events[next - 1]!);
              expect(twin && texts.has(twin)).toBe(true);
            }
            if (seq !== null) expect(next++).toBe(seq);
            if (delta) texts.put(delta);
          }
          expect(next).toBe(log.events.length + 1);
          expect(texts.of('turn', speakers.length)).toBe(speakers.at(-1)!.text);
          for (const [index, { text, storedText }] of speakers.entries()) {
            const told = texts.of('turn', index + 1);
            expect(text.startsWith(told)).toBe(true);
            expect(told.startsWith(storedText)).toBe(true);
          }
          client.abort();
          expect(await running).toBeNull();
        }),
        { numRuns: 300 },
      );
    });
  });
});
