import fc from 'fast-check';
import { MalformedFrameError } from '../chat.errors';
import { readFrame } from './read-frame';

const frame = (data: unknown, type: unknown = 'message_received') => JSON.stringify({ event_type: type, data });

describe(readFrame.name, () => {
  it.each([
    'Why is the EU queue slow?',
    '',
    ' \n',
    '[1, 2]',
    '"quoted"',
    '42',
    'null',
    'a {',
    '😀',
    '/browse https://a.test',
  ])('takes %j for something to be said', (text) =>
    expect(readFrame(text)).toEqual({ request: { message: text }, idempotencyKey: undefined }),
  );

  it.each([
    ['a message', frame({ message: 'Hello' }), { message: 'Hello' }],
    ['one with white space around it', ` \n${frame({ message: 'Hello' })}\n`, { message: 'Hello' }],
    [
      'one with more to it',
      frame({ message: 'Hello', metadata: { channel: 'web' }, on_busy: 'reject' }),
      { message: 'Hello', metadata: { channel: 'web' }, on_busy: 'reject' },
    ],
    ['one that is still to be checked', frame({ message: 42, colour: 'red' }), { message: 42, colour: 'red' }],
    ['one without anything', frame({}), {}],
    ['one with more beside its data', '{"event_type":"message_received","data":{},"at":1}', {}],
  ])('reads %s', (_, text, request) => expect(readFrame(text)).toEqual({ request, idempotencyKey: undefined }));

  it.each(['!', 'order-4711', '~'.repeat(255)])('takes the key %j out of the request', (key) => {
    const read = readFrame(frame({ message: 'Hello', idempotency_key: key }));
    expect(read).toEqual({ request: { message: 'Hello' }, idempotencyKey: key });
  });

  it.each([
    ['is no JSON', '{"event_type":'],
    ['has something behind the JSON', `${frame({ message: 'Hello' })} Hello`],
    ['begins like JSON and is a text', '{Hello}'],
    ['has no type', '{"data":{"message":"Hello"}}'],
    ['is of another type', frame({ message: 'Hello' }, 'message_sent')],
    ['has null for a type', frame({ message: 'Hello' }, null)],
    ['has no data', '{"event_type":"message_received"}'],
    ['has null for data', frame(null)],
    ['has a text for data', frame('Hello')],
    ['has an array for data', frame([{ message: 'Hello' }])],
    ['has an empty key', frame({ message: 'Hello', idempotency_key: '' })],
    ['has a key with a blank', frame({ message: 'Hello', idempotency_key: 'order 4711' })],
    ['has a key with an umlaut', frame({ message: 'Hello', idempotency_key: 'größe' })],
    ['has a key that ends its line', frame({ message: 'Hello', idempotency_key: 'order\n' })],
    ['has a key that is too long', frame({ message: 'Hello', idempotency_key: 'x'.repeat(256) })],
    ['has a number for a key', frame({ message: 'Hello', idempotency_key: 4711 })],
  ])('does not understand a frame that %s', (_, text) => expect(() => readFrame(text)).toThrow(MalformedFrameError));

  it('understands any frame, or says that it does not', () => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.string().map((end) => `{${end}`),
      fc.anything().map((data) => frame(data) ?? ''),
      fc.dictionary(fc.string(), fc.jsonValue()).map((data) => frame(data)),
    );
    fc.assert(
      fc.property(text, (given) => {
        try {
          expect(typeof readFrame(given).request).toBe('object');
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrameError);
        }
      }),
    );
  });
});
