import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { BEGIN, DONE, STREAM_HEADERS, calls, finishes, says, used } from '../support/completion-frames';
import { type Wish, wishIn } from './wish';

interface Message {
  role: string;
  content: string | null;
  tool_calls?: unknown[];
}

/** One time that the model was asked. */
interface Call {
  question: string;
  /** Which process of the service asked. */
  run: string;
  /** After how many calls of tools. */
  step: number;
  said: string;
  ended: 'cut off' | 'asked for a tool' | 'answered';
}

const BETWEEN_STEPS = '\n\n';
/** Characters of two, three and four bytes, which no batch may break. */
const LOUD = ' ¡«€»😀'.repeat(80);
const TOOL = 'system_overview';

/** A model server of whose words each belongs to one time that it was asked, and says to which. */
export class Model {
  private readonly calls: Call[] = [];

  constructor(private readonly nextTokens: () => number) {}

  async answer(request: IncomingMessage, messages: Message[], response: ServerResponse): Promise<void> {
    const asked = messages.findLastIndex(({ role }) => role === 'user');
    const question = messages[asked]!.content!;
    const step = messages.slice(asked).filter(({ tool_calls }) => tool_calls).length;
    const call: Call = { question, run: runOf(request), step, said: '', ended: 'cut off' };
    const id = this.calls.push(call) - 1;
    let isCut = false;
    response.once('close', () => (isCut = true));
    response.writeHead(200, STREAM_HEADERS).write(BEGIN);

    const wish = wishIn(question)!;
    for (let piece = 0; piece < wish.pieces; piece++) {
      await sleep(wish.everyMs);
      if (isCut) return;
      const text = `${call.run}.${id}.${piece}${wish.isLoud ? LOUD : ''} `;
      call.said += text;
      response.write(says(text));
    }
    this.end(call, wish, id, response);
  }

  /** What is wrong with a text as the answer to a question, or as the beginning of one; null: nothing. */
  flawIn(text: string, question: string, isWhole: boolean): string | null {
    const parts = text.split(BETWEEN_STEPS);
    const asked = parts.map((part) => this.calls[Number(/^\d+\.(\d+)\.0\D/.exec(part)?.[1] ?? NaN)]);
    for (const [index, part] of parts.entries()) {
      const call = asked[index];
      const isLast = index === parts.length - 1;
      if (!call || call.question !== question) return `${shown(part)} was not said in answer to this question`;
      if (!call.said.startsWith(part)) return `${shown(part)} is not what the model has said`;
      if (call.run !== asked[0]!.run || call.step !== asked[0]!.step + index)
        return `${shown(part)} is of another attempt`;
      if (!isLast && (call.said !== part || call.ended !== 'asked for a tool'))
        return `${shown(part)} is not all of a step`;
      if (isLast && isWhole && (call.said !== part || call.ended !== 'answered'))
        return `${shown(part)} is not all of it`;
    }
    return null;
  }

  private end(call: Call, { tools }: Wish, id: number, response: ServerResponse): void {
    if (call.step < tools) {
      call.ended = 'asked for a tool';
      response.end(calls(`call-${id}`, TOOL, '{}') + finishes('tool_calls') + DONE);
    } else {
      call.ended = 'answered';
      response.end(finishes('stop') + used(this.nextTokens()) + DONE);
    }
  }
}

/** Each process has a key of its own. */
const runOf = ({ headers }: IncomingMessage): string => (headers.authorization ?? '').replace('Bearer run-', '');

const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
