import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createParser } from 'eventsource-parser';
import { bad } from './openai-chunk';
import { ReportedError } from './openai-failure';

const DONE = '[DONE]';
/** Most characters that may come without the end of an event. */
const EVENT_MAX = 4 * 1024 * 1024;
const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * Reads a stream of chunks to its end. Says whether the server has said that it is the end.
 *
 * Without a promise for a word: the client's own reader makes a dozen, which is most of what a word costs.
 *
 * @throws ReportedError when the server reports an error in place of a chunk, SyntaxError when one is no JSON, and
 *   whatever `onChunk` throws
 */
export function readChunks(body: Readable, onChunk: (chunk: unknown) => void): Promise<boolean> {
  const decoder = new StringDecoder('utf8');
  let isDone = false;
  let hasBegun = false;
  let pending = 0;
  const parser = createParser({
    onEvent: ({ data }) => {
      pending = 0;
      if (isDone) return;
      isDone = data.startsWith(DONE);
      if (isDone) return;
      const chunk = JSON.parse(data) as { error?: unknown } | null;
      if (chunk?.error) throw new ReportedError(chunk.error);
      onChunk(chunk);
    },
  });
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      reject(error as Error);
      body.destroy();
    };
    body
      .on('data', (bytes: Buffer) => {
        try {
          const text = decoder.write(bytes);
          pending += text.length;
          parser.feed(hasBegun ? text : text.replace(BYTE_ORDER_MARK, ''));
          hasBegun = true;
          if (pending > EVENT_MAX) fail(bad('it is too large'));
        } catch (error) {
          fail(error);
        }
      })
      .once('end', () => resolve(isDone))
      .on('error', fail)
      .once('close', () => reject(new Error('The connection was closed.')));
  });
}
