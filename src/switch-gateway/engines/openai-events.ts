import { createParser } from 'eventsource-parser';
import { ReportedError } from './openai-failure';

const DONE = '[DONE]';

/**
 * Reads a stream of chunks to its end. Says whether the server has said that it is the end.
 *
 * The client's own reader makes a dozen promises for every word, which is most of what a word costs.
 *
 * @throws ReportedError when the server reports an error in place of a chunk, SyntaxError when one is no JSON, and
 *   whatever `onChunk` throws
 */
export async function readChunks(body: AsyncIterable<Uint8Array>, onChunk: (chunk: unknown) => void): Promise<boolean> {
  let isDone = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (isDone) return;
      isDone = data.startsWith(DONE);
      if (isDone) return;
      const chunk = JSON.parse(data) as { error?: unknown } | null;
      if (chunk?.error) throw new ReportedError(chunk.error);
      onChunk(chunk);
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of body) parser.feed(decoder.decode(bytes, { stream: true }));
  return isDone;
}
