import { fenced } from '../prompt-fence';
import type { ChatMessage, Prompt } from '../switch-gateway.types';
import { pack, toSwitch } from './vx11-messages';

const CONVERSATION: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'What do they say?' },
  { role: 'assistant', content: '', toolCalls: [{ id: 'call_1', name: 'browse', arguments: '{}' }] },
  { role: 'tool', toolCallId: 'call_1', toolName: 'browse', content: 'Buy now!', source: 'https://a.example/' },
  { role: 'assistant', content: 'One moment.', toolCalls: [{ id: 'call_2', name: 'history', arguments: '{}' }] },
  { role: 'tool', toolCallId: 'call_2', toolName: 'history', content: 'Nothing.', source: null },
];
const prompt = (messages: ChatMessage[]) => ({ messages, sessionId: 's1' }) as Prompt;

describe(toSwitch.name, () => {
  it('tells what tools found, and leaves out messages that only asked for them', () => {
    expect(toSwitch(prompt(CONVERSATION))).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'What do they say?' },
      { role: 'system', content: `tool browse: ${fenced('Buy now!', 'https://a.example/', 's1')}` },
      { role: 'assistant', content: 'One moment.' },
      { role: 'system', content: 'tool history: Nothing.' },
    ]);
  });
});

describe(pack.name, () => {
  it('makes one user message of a conversation', () => {
    const messages = toSwitch(prompt([CONVERSATION[0]!, CONVERSATION[4]!, { role: 'user', content: 'And now?' }]));
    expect(pack(messages)).toEqual([
      { role: 'user', content: 'system: Be brief.\n\nassistant: One moment.\n\nuser: And now?' },
    ]);
  });

  it('leaves a single message as it is', () => {
    expect(pack([{ role: 'user', content: 'hola' }])).toEqual([{ role: 'user', content: 'hola' }]);
  });
});
