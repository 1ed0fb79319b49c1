import type { ChatMessage, Prompt } from '../switch-gateway.types';
import { toWire } from './openai-wire';

const wire = (messages: ChatMessage[]) =>
  toWire({ messages, tools: [], sessionId: 's1' } as unknown as Prompt, 'm').messages;
const asks = (written: string, content = ''): ChatMessage => ({
  role: 'assistant',
  content,
  toolCalls: [{ id: 'call_1', name: 'browse', arguments: written }],
});

describe(toWire.name, () => {
  it('has no list of tools when there are none', () => {
    expect(toWire({ messages: [], tools: [] } as unknown as Prompt, 'm')).toEqual({
      model: 'm',
      messages: [],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('has no content when there is none beside calls, and no calls when there are none', () => {
    expect(
      wire([asks('{}'), asks('{}', 'A moment.'), { role: 'assistant', content: 'Yes.', toolCalls: [] }]),
    ).toMatchObject([
      { content: null },
      { content: 'A moment.', tool_calls: [{ id: 'call_1' }] },
      { role: 'assistant', content: 'Yes.' },
    ]);
    expect(wire([{ role: 'assistant', content: 'Yes.', toolCalls: [] }])[0]).not.toHaveProperty('tool_calls');
  });

  it.each([
    ['{"a":1}', '{"a":1}'],
    ['', '{}'],
    ['{"a', '{}'],
    ['[1]', '{}'],
    ['null', '{}'],
    ['"text"', '{}'],
  ])('sends the arguments %j back as %j', (written, sent) => {
    expect(wire([asks(written)])).toMatchObject([{ tool_calls: [{ function: { arguments: sent } }] }]);
  });
});
