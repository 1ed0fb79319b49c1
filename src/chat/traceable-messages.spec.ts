import { traceableMessages } from './traceable-messages';

const message = (role: 'system' | 'user' | 'assistant', content: string) => ({ role, content });
const traced = (role: string, content: string) => ({ role, parts: [{ type: 'text', content }] });

describe(traceableMessages, () => {
  it('has every message, in order, in the form of the conventions', () => {
    const messages = [message('system', 'Be brief.'), message('user', 'Hello'), message('assistant', 'Hi')];
    expect(JSON.parse(traceableMessages(messages))).toEqual([
      traced('system', 'Be brief.'),
      traced('user', 'Hello'),
      traced('assistant', 'Hi'),
    ]);
  });

  it('keeps the newest that fit, and cuts the one that does not', () => {
    const messages = [message('user', 'oldest'), message('assistant', 'older'), message('user', 'newest')];
    expect(JSON.parse(traceableMessages(messages, 8))).toEqual([traced('assistant', 'ol'), traced('user', 'newest')]);
    expect(JSON.parse(traceableMessages(messages, 3))).toEqual([traced('user', 'new')]);
  });
});
