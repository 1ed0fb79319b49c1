import fc from 'fast-check';
import { storable } from '../../upstream/foreign-text';
import { SwitchBadReplyError } from '../switch.errors';
import { ChunkedReply } from './openai-reply';

const delta = (piece: object, more: object = {}) => ({
  choices: [{ index: 0, delta: piece, finish_reason: null }],
  ...more,
});
const content = (text: string) => delta({ content: text });
const finish = (reason: string) => ({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });
const call = (piece: object) => delta({ tool_calls: [piece] });

/** What becomes of these chunks, and what was told meanwhile. */
function read(...chunks: unknown[]) {
  const told: string[] = [];
  const reply = new ChunkedReply((piece) => told.push(piece));
  const progress = chunks.map((chunk) => reply.add(chunk));
  return { ...reply.end(), told, progress, isFinished: reply.isFinished };
}

describe(ChunkedReply.name, () => {
  it('tells exactly the text of the reply, however it is cut', () => {
    const pieces = fc.array(
      fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((c) => String.fromCharCode(c)) }),
    );
    const emoji = fc.string({ unit: 'binary' }).map((text) => text.split(''));
    fc.assert(
      fc.property(fc.oneof(pieces, emoji), (list) => {
        const { text, told } = read(...['x', ...list].map(content));
        expect(told.join('')).toBe(text);
        expect(text).toBe(storable(['x', ...list].join('')));
        expect(told.every((piece) => piece !== '' && piece === storable(piece))).toBe(true);
      }),
    );
  });

  it('puts a call together from any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string(), { minLength: 1 }), { minLength: 1, maxLength: 5 }), (calls) => {
        const chunks = calls.flatMap((pieces, index) => [
          call({ index, id: `id_${index}`, function: { name: 'browse' } }),
          ...pieces.map((piece) => call({ index, function: { arguments: piece } })),
        ]);
        const { toolCalls } = read(...chunks);
        expect(toolCalls).toEqual(
          calls.map((pieces, n) => ({ id: `id_${n}`, name: 'browse', arguments: storable(pieces.join('')) })),
        );
      }),
    );
  });

  it('reads calls whose pieces come mixed, without an index, or with the name again and again', () => {
    expect(
      read(
        call({ index: 1, id: 'b', function: { name: 'two', arguments: '{' } }),
        call({ index: 0, id: 'a', function: { name: 'one', arguments: '[' } }),
        call({ index: 1, id: 'b', function: { name: 'two', arguments: '}' } }),
        call({ index: 0, function: { arguments: ']' } }),
      ).toolCalls,
    ).toEqual([
      { id: 'b', name: 'two', arguments: '{}' },
      { id: 'a', name: 'one', arguments: '[]' },
    ]);
    expect(
      read(
        call({ id: 'a', function: { name: 'one', arguments: '{}' } }),
        call({ id: 'b', function: { name: 'two', arguments: '{' } }),
        call({ function: { arguments: '}' } }),
      ).toolCalls,
    ).toEqual([
      { id: 'a', name: 'one', arguments: '{}' },
      { id: 'b', name: 'two', arguments: '{}' },
    ]);
  });

  it('reads what different servers leave out, put in, or set to null', () => {
    const { text, engine, tokens, isFinished, progress } = read(
      {
        model: ' general\n7b ',
        object: 'chat.completion.chunk',
        extra: 1,
        ...delta({ role: 'assistant', content: null }),
      },
      delta({ content: 'hola', tool_calls: null, function_call: null }, { usage: null }),
      { choices: [{ delta: {}, finish_reason: 'stop' }], usage: { total_tokens: 3 } },
      { choices: [], usage: { total_tokens: 7, prompt_tokens_details: {} } },
    );
    expect([text, engine, tokens, isFinished]).toEqual(['hola', 'general 7b', 7, true]);
    expect(progress).toEqual([false, true, false, false]);
  });

  it.each([{ total_tokens: -1 }, { total_tokens: 1.5 }, { total_tokens: '7' }, {}, 'none', { total_tokens: 2 ** 40 }])(
    'makes no figure of %j',
    (usage) => expect(read(content('x'), { choices: [], usage }).tokens).toBeNull(),
  );

  it.each([
    ['stop', false],
    ['tool_calls', false],
    ['length', true],
    ['content_filter', true],
  ])('finished with %s: partial %p', (reason, isPartial) => {
    expect(read(content('x'), finish(reason)).isPartial).toBe(isPartial);
  });

  it('does not take an empty reason for the end', () => {
    expect(read(content('x'), finish('')).isFinished).toBe(false);
  });

  it('takes thoughts for a sign of life and for nothing else', () => {
    const { text, progress } = read(
      delta({ reasoning_content: 'Hm.' }),
      delta({ reasoning: 'Hm.' }),
      delta({ content: '' }),
      content('Done.'),
    );
    expect([text, progress]).toEqual(['Done.', [true, true, false, true]]);
  });

  it('cuts names and ids short', () => {
    const { toolCalls, engine } = read({
      ...call({ index: 0, id: 'i'.repeat(1_000), function: { name: 'n'.repeat(1_000), arguments: '{}' } }),
      model: 'm'.repeat(1_000),
    });
    expect([engine, toolCalls[0]!.id, toolCalls[0]!.name].map((text) => text!.length)).toEqual([128, 128, 128]);
  });

  it.each<[string, () => unknown]>([
    ['blank text', () => read(content(' \n'), finish('stop'))],
    ['nothing', () => read()],
    ['no object', () => read('text')],
    ['null', () => read(null)],
    ['a list', () => read([])],
    ['choices that are no list', () => read({ choices: {} })],
    ['a choice that is none', () => read({ choices: [null] })],
    ['a piece that is no object', () => read({ choices: [{ delta: 'hola' }] })],
    ['a reason that is no text', () => read({ choices: [{ finish_reason: 7 }] })],
    ['calls that are no list', () => read(delta({ tool_calls: {} }))],
    ['a call that is none', () => read(call('help' as unknown as object))],
    ['a function that is none', () => read(call({ index: 0, function: 'help' }))],
    ['a name that is no text', () => read(call({ index: 0, function: { name: 7 } }))],
    ['text that is none', () => read(delta({ content: { text: 'hola' } }))],
    ['arguments that are no text', () => read(call({ index: 0, id: 'a', function: { name: 'b', arguments: {} } }))],
    ['an error in vLLM’s form', () => read({ object: 'error', message: 'out of memory', code: 500 })],
    ['more than a mebibyte of text', () => read(content('x'), content('é'.repeat(512 * 1024)))],
    ['129 calls', () => read(...Array.from({ length: 129 }, (_, index) => call({ index, id: `${index}` })))],
    [
      'arguments that are too long together',
      () =>
        read(
          ...[0, 1].map((index) => call({ index, id: `${index}`, function: { arguments: 'x'.repeat(128 * 1024) } })),
        ),
    ],
  ])('refuses %s', (_name, reading) => {
    expect(reading).toThrow(SwitchBadReplyError);
  });

  it('tells nothing of the piece that is too much', () => {
    let told = 0;
    const reply = new ChunkedReply((piece) => (told += piece.length));
    reply.add(content('x'.repeat(1024 * 1024)));
    expect(() => reply.add(content('y'))).toThrow(/^The model server did not give an answer: it is too large\.$/);
    expect(told).toBe(1024 * 1024);
  });
});
