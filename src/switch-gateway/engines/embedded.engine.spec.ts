import { z } from 'zod';
import { ToolRegistryService } from '../../tools/tool-registry.service';
import type { Tool } from '../../tools/tool.types';
import type { ChatMessage, Prompt } from '../switch-gateway.types';
import { EmbeddedEngine } from './embedded.engine';

const aTool = (name: string, command?: Tool['command']): Tool => ({
  name,
  description: '',
  parameters: z.object({ text: z.string() }),
  effects: 'read',
  deadlineMs: 1_000,
  resultBytes: 1_000,
  isOffered: true,
  command,
  run: () => Promise.reject(new Error('The engine runs nothing itself.')),
});

const user = (content: string): ChatMessage => ({ role: 'user', content });
const asked: ChatMessage = { role: 'assistant', content: '', toolCalls: [{ id: '1', name: 'echo', arguments: '{}' }] };
const found = (content: string, source: string | null = null): ChatMessage => ({
  role: 'tool',
  toolCallId: '1',
  toolName: 'echo',
  content,
  source,
});

describe(EmbeddedEngine.name, () => {
  const registry = new ToolRegistryService();
  registry.offer(aTool('echo', { name: '/say', summary: 'Says it.', parse: (text) => ({ text }) }));
  registry.offer(aTool('silent'));
  const engine = new EmbeddedEngine(registry);

  const chat = async (...messages: ChatMessage[]) => {
    const prompt: Prompt = {
      messages,
      tools: [],
      sessionId: 's',
      userId: 'u',
      turnId: 't',
      messageId: 1,
      metadata: null,
      providerHint: null,
      engine: null,
    };
    const heard: string[] = [];
    const reply = await engine.chat(prompt, undefined, (piece) => heard.push(piece));
    return { ...reply, heard };
  };
  const BASE = { engine: 'embedded', servedBy: 'embedded', fallbackFrom: [], tokens: null, isPartial: false };

  it.each([
    ['/say hello', 'hello'],
    ['  /SAY   two words \n', 'two words'],
    ['/say one\ntwo', 'one\ntwo'],
    ['/say', ''],
  ])('has %j run as a tool, and says nothing itself', async (message, text) => {
    expect(await chat(user('before'), user(message))).toEqual({
      ...BASE,
      text: '',
      toolCalls: [{ id: '1', name: 'echo', arguments: JSON.stringify({ text }) }],
      heard: [],
    });
  });

  it.each(['It is done.', 'It failed. queue_full: Too many.', '/say again', 'a\n\nb'])(
    'answers with what a tool has found: %j',
    async (content) => {
      for (const source of [null, 'https://a.test/']) {
        const reply = await chat(user('/say hello'), asked, found(content, source));
        expect(reply).toEqual({ ...BASE, text: content, toolCalls: [], heard: [content] });
      }
    },
  );

  it.each(['/launch now', '/silent'])('says that there is no such command as %j', async (message) => {
    const text = `There is no command ${message.split(' ')[0]}. Send /help for those there are.`;
    expect(await chat(user(message))).toEqual({ ...BASE, text, toolCalls: [], heard: [text] });
  });

  it.each(['What is the capital of France?', 'say /say hello', '', '/ say'])(
    'says to %j that it is no model, and how to get one',
    async (message) => {
      const { text, toolCalls, heard } = await chat(user(message));
      expect(text).toContain('not a language model');
      expect(text).toMatch(/SWITCH_URL or OPENAI_BASE_URL/);
      expect(toolCalls).toEqual([]);
      expect(heard).toEqual([text]);
    },
  );

  it('answers the last message only: what was called earlier is over', async () => {
    const { toolCalls } = await chat(user('/say one'), asked, found('one'), user('/say two'));
    expect(toolCalls).toEqual([{ id: '1', name: 'echo', arguments: '{"text":"two"}' }]);
  });
});
