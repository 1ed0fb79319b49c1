/** What servers with OpenAI's API stream, event by event. */
export const MODEL = 'bench-model';
export const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };
export const MODEL_LIST = { object: 'list', data: [{ id: MODEL, object: 'model' }] };

const chunk = (choices: object[], more: object = {}): string => {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_764_000_000, model: MODEL };
  return `data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`;
};
const delta = (piece: object, finish: string | null = null): string =>
  chunk([{ index: 0, delta: piece, finish_reason: finish }]);

export const BEGIN = delta({ role: 'assistant', content: '' });
export const DONE = 'data: [DONE]\n\n';
export const says = (text: string): string => delta({ content: text });
export const calls = (id: string, name: string, given: string): string =>
  delta({ tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: given } }] });
export const finishes = (reason: 'stop' | 'tool_calls'): string => delta({}, reason);
export const used = (tokens: number): string => chunk([], { usage: { total_tokens: tokens } });
