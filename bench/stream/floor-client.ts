import { EventStream } from './event-stream';
import { Transcript } from './tokens';

/** Asks the model through the floor, with what it is to do. */
export function askFloor(url: string, content: string): Promise<EventStream> {
  return EventStream.open(url, '/', { model: 'bench', stream: true, messages: [{ role: 'user', content }] });
}

/** The answer, as one of its readers has got it. */
export function floorTranscript(stream: EventStream, name: string): Transcript {
  const transcript = new Transcript(name);
  for (const { data, arrivedAt } of stream.frames()) {
    if (data === '[DONE]') continue;
    const { choices } = JSON.parse(data) as { choices: { delta: { content?: string } }[] };
    transcript.add(transcript.text.length, choices[0]?.delta.content ?? '', arrivedAt);
  }
  return transcript;
}
