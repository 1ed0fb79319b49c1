import type { OpenAI } from 'openai' with { 'resolution-mode': 'import' };
import { jsonArguments } from '../../tools/json-arguments';
import type { ToolOffer } from '../../tools/tool.types';
import { fenced } from '../prompt-fence';
import type { ChatMessage, Prompt, ToolRequest } from '../switch-gateway.types';

export type WireRequest = OpenAI.Chat.ChatCompletionCreateParamsStreaming;
type WireMessage = OpenAI.Chat.ChatCompletionMessageParam;
type WireTool = OpenAI.Chat.ChatCompletionFunctionTool;
type WireCall = OpenAI.Chat.ChatCompletionMessageFunctionToolCall;

/** A prompt as OpenAI-compatible servers take it. */
export function toWire(prompt: Prompt, model: string): WireRequest {
  return {
    model,
    messages: prompt.messages.map((message) => wireMessage(message, prompt.sessionId)),
    // Some servers refuse an empty list.
    ...(prompt.tools.length > 0 && { tools: prompt.tools.map(wireTool) }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

function wireMessage(message: ChatMessage, seed: string): WireMessage {
  switch (message.role) {
    case 'system':
    case 'user':
      return { role: message.role, content: message.content };
    case 'assistant': {
      const { content, toolCalls = [] } = message;
      if (toolCalls.length === 0) return { role: 'assistant', content };
      return { role: 'assistant', content: content || null, tool_calls: toolCalls.map(wireCall) };
    }
    case 'tool': {
      const { toolCallId, content, source } = message;
      const text = source === null ? content : fenced(content, source, seed);
      return { role: 'tool', tool_call_id: toolCallId, content: text };
    }
  }
}

const wireTool = ({ name, description, parameters }: ToolOffer): WireTool => ({
  type: 'function',
  function: { name, description, parameters },
});

const wireCall = ({ id, name, arguments: written }: ToolRequest): WireCall => ({
  id,
  type: 'function',
  function: { name, arguments: jsonArguments(written) },
});
