import { label, storable } from '../../upstream/foreign-text';
import type { OnText, SwitchReply, ToolRequest } from '../switch-gateway.types';
import { type CallPiece, bad, readChunk } from './openai-chunk';

const NAME_LENGTH = 128;
const TEXT_MAX_BYTES = 1024 * 1024;
const CALLS_MAX = 128;
/** Of all calls together, their names included. */
const ARGUMENTS_MAX_BYTES = 256 * 1024;
const PARTIAL = new Set(['length', 'content_filter']);

/** An answer that comes in chunks. What `onText` is told adds up to the text of the reply. */
export class ChunkedReply {
  /** Not one text that grows: that would be a chain of its pieces, each a thing to be collected. */
  private readonly said: string[] = [];
  private textBytes = 0;
  /** Half a character, whose other half is in the next piece. */
  private half = '';
  private readonly calls: (ToolRequest & { index: number | null })[] = [];
  private callBytes = 0;
  private model: string | null = null;
  private tokens: number | null = null;
  private finishReason: string | null = null;
  private count = 0;

  constructor(private readonly onText: OnText) {}

  /** It said that this is the end of the answer; figures may follow. */
  get isFinished(): boolean {
    return this.finishReason !== null;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /**
   * Takes in the next chunk. True: the answer has got on with it.
   *
   * @throws SwitchBadReplyError
   */
  add(value: unknown): boolean {
    this.count++;
    const { model, tokens, finishReason, content, calls, hasThoughts } = readChunk(value);
    this.model ??= model ? label(model, NAME_LENGTH) || null : null;
    this.tokens = tokens ?? this.tokens;
    this.finishReason = finishReason ?? this.finishReason;
    if (content) this.say(content);
    for (const call of calls) this.ask(call);
    return content !== '' || calls.length > 0 || hasThoughts;
  }

  /** @throws SwitchBadReplyError when there is neither text nor a call */
  end(): SwitchReply {
    if (this.half) this.tell('\uFFFD');
    this.half = '';
    const text = this.said.join('');
    if (!text.trim() && this.calls.length === 0) throw bad('its text is empty');
    return {
      text,
      engine: this.model,
      servedBy: 'openai',
      fallbackFrom: [],
      tokens: this.tokens,
      isPartial: PARTIAL.has(this.finishReason ?? ''),
      toolCalls: this.calls.map((call, index) => ({
        id: label(call.id, NAME_LENGTH) || `call_${index}`,
        name: label(call.name, NAME_LENGTH),
        arguments: storable(call.arguments),
      })),
    };
  }

  private say(content: string): void {
    const piece = this.half + content;
    this.half = isHighSurrogate(piece.charCodeAt(piece.length - 1)) ? piece.slice(-1) : '';
    const whole = this.half ? piece.slice(0, -1) : piece;
    if (whole) this.tell(storable(whole));
  }

  private tell(piece: string): void {
    this.textBytes += Buffer.byteLength(piece);
    if (this.textBytes > TEXT_MAX_BYTES) throw bad('it is too large');
    this.said.push(piece);
    this.onText(piece);
  }

  private ask(piece: CallPiece): void {
    const call = this.callOf(piece);
    if (piece.id) call.id = piece.id;
    if (piece.name) call.name = piece.name;
    call.arguments += piece.arguments;
    for (const part of [piece.id, piece.name, piece.arguments]) this.callBytes += Buffer.byteLength(part);
    if (this.calls.length > CALLS_MAX || this.callBytes > ARGUMENTS_MAX_BYTES) throw bad('it is too large');
  }

  /** By its index; but servers are known that give the same to all calls, or none: there a new id is a new call. */
  private callOf({ index, id, name }: CallPiece): ToolRequest {
    const known = this.calls.findLast((call) => call.index === index);
    const isAnother = known && id && name && known.id && known.id !== id;
    if (known && !isAnother) return known;
    const call = { id: '', name: '', arguments: '', index };
    this.calls.push(call);
    return call;
  }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
