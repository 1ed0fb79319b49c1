import fc from 'fast-check';
import type { EventFrame } from '../events/event-frame';
import { EventHub } from '../events/event-hub';
import type { MessageDelta } from '../events/events.types';
import { TurnText } from './turn-text';

const TURN = { id: 'turn', sessionId: 'session', attempt: 2 };
const STORE_AFTER_MS = 500;
const STORE_AFTER_CHARACTERS = 4_096;

interface Piece {
  offset: number;
  text: string;
}

/** A log that stores one piece at a time, and takes as long as the test wants. */
class FakeStore {
  readonly pieces: Piece[] = [];
  isSlow = false;
  isBroken = false;
  /** That it was told to store something while it stored something else. */
  wasHurried = false;
  private waiting: (() => void) | null = null;

  readonly store = async (piece: Piece, stored: () => void): Promise<void> => {
    this.wasHurried ||= this.waiting !== null;
    if (this.isSlow) await new Promise<void>((resolve) => (this.waiting = resolve));
    this.waiting = null;
    if (this.isBroken) throw new Error('The disk is full.');
    this.pieces.push(piece);
    stored();
  };

  /** Lets what is being stored come to its end. */
  finish(): void {
    this.waiting?.();
  }
}

describe(TurnText.name, () => {
  let hub: EventHub;
  let log: FakeStore;
  let text: TurnText;
  /** What somebody who watches has heard. */
  let heard: MessageDelta[];

  const begin = (before?: string) => {
    hub = new EventHub();
    heard = [];
    const said = (frame: EventFrame) => void heard.push(frame.delta!);
    hub.watch(TURN.sessionId, { said, stored: () => undefined, end: () => undefined });
    log = new FakeStore();
    text = new TurnText(hub, TURN, log.store, before);
  };
  const passes = (ms: number) => jest.advanceTimersByTimeAsync(ms);
  const heardSoFar = () => heard.map(({ text: piece }) => piece).join('');
  /** What somebody is shown who comes now. */
  const speech = () => hub.speechIn(TURN.sessionId)?.delta ?? null;

  beforeEach(() => {
    jest.useFakeTimers();
    begin();
  });
  afterEach(() => {
    jest.useRealTimers();
    expect(log.wasHurried).toBe(false);
  });

  it('shows every piece at once, in its place', () => {
    text.add('It ');
    text.add('rains.');
    const address = { turn_id: 'turn', attempt: 2 };
    expect(heard).toEqual([
      { ...address, offset: 0, text: 'It ' },
      { ...address, offset: 3, text: 'rains.' },
    ]);
    expect(speech()).toEqual({ ...address, offset: 0, text: 'It rains.' });
    expect(log.pieces).toEqual([]);
    expect([text.whole, text.rest]).toEqual(['It rains.', { offset: 0, text: 'It rains.' }]);
  });

  it('stores what was said half a second after the first of it, as one piece', async () => {
    text.add('It ');
    await passes(STORE_AFTER_MS - 1);
    text.add('rains.');
    expect(log.pieces).toEqual([]);
    await passes(1);
    expect(log.pieces).toEqual([{ offset: 0, text: 'It rains.' }]);
    expect(text.rest).toEqual({ offset: 9, text: '' });
    expect(speech()).toBeNull();
  });

  it('stores so many characters without waiting', async () => {
    text.add('x'.repeat(STORE_AFTER_CHARACTERS - 1));
    await passes(0);
    expect(log.pieces).toEqual([]);
    text.add('y');
    await passes(0);
    expect(log.pieces).toEqual([{ offset: 0, text: 'x'.repeat(STORE_AFTER_CHARACTERS - 1) + 'y' }]);
    await passes(2 * STORE_AFTER_MS);
    expect(log.pieces).toHaveLength(1);
  });

  it('stores one piece after the other, each where the one before it ended', async () => {
    for (const piece of ['It ', 'rains', '.']) {
      text.add(piece);
      await passes(STORE_AFTER_MS);
    }
    expect(log.pieces).toEqual([
      { offset: 0, text: 'It ' },
      { offset: 3, text: 'rains' },
      { offset: 8, text: '.' },
    ]);
  });

  it('goes on showing while it stores, and stores that later', async () => {
    log.isSlow = true;
    text.add('It ');
    await passes(STORE_AFTER_MS);
    text.add('rains.');
    await passes(10 * STORE_AFTER_MS);
    expect(heardSoFar()).toBe('It rains.');
    expect(log.pieces).toEqual([]);

    log.isSlow = false;
    log.finish();
    await passes(0);
    expect(log.pieces).toEqual([{ offset: 0, text: 'It ' }]);
    expect(speech()).toMatchObject({ offset: 3, text: 'rains.' });
    await passes(STORE_AFTER_MS);
    expect(log.pieces).toEqual([
      { offset: 0, text: 'It ' },
      { offset: 3, text: 'rains.' },
    ]);
  });

  it('stores with the next what could not be stored', async () => {
    log.isBroken = true;
    text.add('It ');
    await passes(STORE_AFTER_MS);
    expect(text.rest).toEqual({ offset: 0, text: 'It ' });
    expect(speech()).toMatchObject({ offset: 0, text: 'It ' });

    log.isBroken = false;
    text.add('rains.');
    await passes(STORE_AFTER_MS);
    expect(log.pieces).toEqual([{ offset: 0, text: 'It rains.' }]);
  });

  it('tries again by itself what could not be stored', async () => {
    log.isBroken = true;
    text.add('It rains.');
    await passes(3 * STORE_AFTER_MS);
    log.isBroken = false;
    await passes(STORE_AFTER_MS);
    expect(log.pieces).toEqual([{ offset: 0, text: 'It rains.' }]);
  });

  it.each([false, true])('closes when what is being stored has been, or could not be: %j', async (isBroken) => {
    log.isSlow = true;
    text.add('It ');
    await passes(STORE_AFTER_MS);
    text.add('rains.');
    let isClosed = false;
    const closing = text.close().then(() => (isClosed = true));
    await passes(10 * STORE_AFTER_MS);
    expect(isClosed).toBe(false);

    log.isBroken = isBroken;
    log.finish();
    await closing;
    expect(text.rest).toEqual(isBroken ? { offset: 0, text: 'It rains.' } : { offset: 3, text: 'rains.' });
  });

  it('takes, shows and stores nothing after it is closed', async () => {
    text.add('It ');
    await text.close();
    text.add('rains.');
    await passes(10 * STORE_AFTER_MS);
    expect([text.whole, heardSoFar(), log.pieces]).toEqual(['It ', 'It ', []]);
  });

  it('goes on after it was only settled', async () => {
    text.add('It ');
    await text.settled();
    await passes(10 * STORE_AFTER_MS);
    expect(log.pieces).toEqual([]);
    text.add('rains.');
    await passes(STORE_AFTER_MS);
    expect(log.pieces).toEqual([{ offset: 0, text: 'It rains.' }]);
  });

  it('stores nothing by itself once it is settled, not even what was said while it stored', async () => {
    log.isSlow = true;
    text.add('It ');
    await passes(STORE_AFTER_MS);
    text.add('rains.');
    const settled = text.settled();
    log.finish();
    await settled;
    log.isSlow = false;
    await passes(10 * STORE_AFTER_MS);
    expect(log.pieces).toEqual([{ offset: 0, text: 'It ' }]);
    expect(text.rest).toEqual({ offset: 3, text: 'rains.' });
  });

  it('leaves nothing to be shown, or stored, when it is forgotten', async () => {
    text.add('It ');
    text.forget();
    text.add('rains.');
    await passes(10 * STORE_AFTER_MS);
    expect([speech(), heardSoFar(), log.pieces]).toEqual([null, 'It ', []]);
  });

  it('leaves nothing to be shown, or stored, when it is forgotten while it stores', async () => {
    log.isSlow = true;
    text.add('It ');
    await passes(STORE_AFTER_MS);
    text.add('rains.');
    text.forget();
    log.isSlow = false;
    log.finish();
    await passes(10 * STORE_AFTER_MS);
    expect(speech()).toBeNull();
    expect(log.pieces).toEqual([{ offset: 0, text: 'It ' }]);
  });

  it('puts a blank line between two steps, and none before the first or after the last', () => {
    text.endStep();
    text.add('Wait.');
    text.endStep();
    text.endStep();
    text.add('');
    text.add('It ');
    text.add('rains.');
    text.endStep();
    expect(text.whole).toBe('Wait.\n\nIt rains.');
    expect(heard.map(({ offset, text: piece }) => [offset, piece])).toEqual([
      [0, 'Wait.'],
      [5, '\n\nIt '],
      [10, 'rains.'],
    ]);
  });

  it('goes on where the same attempt has left off, which is stored', async () => {
    begin('Wait.');
    expect([text.whole, text.rest]).toEqual(['Wait.', { offset: 5, text: '' }]);
    text.add('It rains.');
    expect(heard).toEqual([{ turn_id: 'turn', attempt: 2, offset: 5, text: '\n\nIt rains.' }]);
    await passes(STORE_AFTER_MS);
    expect(text.whole).toBe('Wait.\n\nIt rains.');
    expect(log.pieces).toEqual([{ offset: 5, text: '\n\nIt rains.' }]);
  });

  it('stores, shows and keeps exactly what was said, whatever becomes of storing it', async () => {
    const command = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), piece: fc.string() }) },
      {
        weight: 1,
        arbitrary: fc.record({
          do: fc.constant('add' as const),
          piece: fc.integer({ min: 4_000, max: 5_000 }).map((length) => 'x'.repeat(length)),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 250, 500, 2_000) }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('storing' as const), isSlow: fc.boolean(), isBroken: fc.boolean() }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'endStep' as const, 'settle' as const) }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 40 }), fc.string(), async (commands, before) => {
        begin(before);
        let said = before;
        let isBetween = before !== '';
        for (const given of commands) {
          if (given.do === 'add') {
            if (given.piece !== '') said += (isBetween ? '\n\n' : '') + given.piece;
            if (given.piece !== '') isBetween = false;
            text.add(given.piece);
          } else if (given.do === 'wait') await passes(given.ms);
          else if (given.do === 'storing') Object.assign(log, { isSlow: given.isSlow, isBroken: given.isBroken });
          else if (given.do === 'finish') log.finish();
          else if (given.do === 'settle') void text.settled();
          else {
            text.endStep();
            isBetween = said !== '';
          }
          expect(before + heardSoFar()).toBe(said);
          expect(text.whole).toBe(said);
          await passes(0);
          expect({ offset: text.rest.offset, text: speech()?.text ?? '' }).toEqual(text.rest);
        }
        const closing = text.close();
        log.finish();
        await closing;
        text.add('too late');
        await passes(10 * STORE_AFTER_MS);

        let stored = before;
        for (const piece of log.pieces) {
          expect(piece.offset).toBe(stored.length);
          expect(piece.text).not.toBe('');
          stored += piece.text;
        }
        expect(text.rest).toEqual({ offset: stored.length, text: said.slice(stored.length) });
        expect(stored + text.rest.text).toBe(said);
        expect(log.wasHurried).toBe(false);
      }),
    );
  });
});
