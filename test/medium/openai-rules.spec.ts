import type { ChatMessage, ToolRequest } from '../../src/switch-gateway/switch-gateway.types';
import { violations } from '../support/openai-rules';

describe(violations.name, () => {
  const user: ChatMessage = { role: 'user', content: 'Weather?' };
  const asking = (...toolCalls: ToolRequest[]): ChatMessage => ({ role: 'assistant', content: '', toolCalls });
  const request = (id: string, more: Partial<ToolRequest> = {}): ToolRequest => ({
    id,
    name: 'search',
    arguments: '{}',
    ...more,
  });
  const result = (toolCallId: string, more: { toolName?: string; content?: string } = {}): ChatMessage => ({
    role: 'tool',
    toolCallId,
    toolName: 'search',
    content: 'rain',
    source: null,
    ...more,
  });

  it.each<[string, ChatMessage[]]>([
    ['a question', [user]],
    ['a context, and questions without an answer', [{ role: 'system', content: 'Be brief.' }, user, user]],
    ['an answer, and a question', [user, { role: 'assistant', content: 'rain' }, user]],
    ['an assistant that asks for nothing', [user, { role: 'assistant', content: 'rain', toolCalls: [] }, user]],
    ['answered calls', [user, asking(request('a'), request('b')), result('a'), result('b')]],
    ['calls that are answered in another order', [user, asking(request('a'), request('b')), result('b'), result('a')]],
    ['an id that comes again later', [user, asking(request('a')), result('a'), asking(request('a')), result('a')]],
    ['calls with a text', [user, { role: 'assistant', content: 'Wait.', toolCalls: [request('a')] }, result('a')]],
  ])('takes %s', (_, messages) => expect(violations(messages)).toEqual([]));

  it.each<[string, ChatMessage[]]>([
    ['nothing at all', []],
    ['a role that it does not know', [{ role: 'developer', content: 'Be brief.' } as unknown as ChatMessage, user]],
    ['an assistant at the end', [user, { role: 'assistant', content: 'rain' }]],
    ['a system message at the end', [user, { role: 'system', content: 'Be brief.' }]],
    ['a blank question', [{ role: 'user', content: ' \n' }]],
    ['a blank context', [{ role: 'system', content: '' }, user]],
    ['a blank answer', [user, { role: 'assistant', content: '' }, user]],
    ['a blank answer that asks for nothing', [user, { role: 'assistant', content: '', toolCalls: [] }, user]],
    ['a blank result', [user, asking(request('a')), result('a', { content: ' ' })]],
    ['a call without an answer at the end', [user, asking(request('a'), request('b')), result('a')]],
    ['a call without an answer before a question', [user, asking(request('a'), request('b')), result('a'), user]],
    ['a call that is answered too late', [user, asking(request('a')), user, result('a')]],
    ['a call that is answered twice', [user, asking(request('a')), result('a'), result('a')]],
    ['an answer to no call', [user, result('a')]],
    ['an answer to an earlier call', [user, asking(request('a')), result('a'), user, result('a')]],
    ['two calls of one id', [user, asking(request('a'), request('a')), result('a')]],
    ['an empty id', [user, asking(request('')), result('')]],
    ['an id that is too long', [user, asking(request('a'.repeat(41))), result('a'.repeat(41))]],
    ['an id with a blank', [user, asking(request('a b')), result('a b')]],
    ['an empty name', [user, asking(request('a', { name: '' })), result('a')]],
    ['a name that is too long', [user, asking(request('a', { name: 'a'.repeat(65) })), result('a')]],
    ['a name with an umlaut', [user, asking(request('a', { name: 'größe' })), result('a')]],
    ['a result under a name with a blank', [user, asking(request('a')), result('a', { toolName: 'a b' })]],
    ['arguments that are no JSON', [user, asking(request('a', { arguments: '{' })), result('a')]],
    ['no arguments', [user, asking(request('a', { arguments: '' })), result('a')]],
    ['arguments in an array', [user, asking(request('a', { arguments: '[]' })), result('a')]],
    ['null for arguments', [user, asking(request('a', { arguments: 'null' })), result('a')]],
  ])('refuses %s', (_, messages) => expect(violations(messages)).not.toEqual([]));
});
