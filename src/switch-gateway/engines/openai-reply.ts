import { z } from 'zod';
import { label, storable } from '../../upstream/foreign-text';
import { SwitchBadReplyError } from '../switch.errors';
import type { OnText, SwitchReply, ToolRequest } from '../switch-gateway.types';

const NAME_LENGTH = 128;
const TEXT_MAX_BYTES = 1024 * 1024;
const CALLS_MAX = 128;
/** Of all calls together, their names included. */
const ARGUMENTS_MAX_BYTES = 256 * 1024;
const PARTIAL = new Set(['length', 'content_filter']);

const callSchema = z.object({
  index: z.number().int().nullish().catch(null),
  id: z.string().nullish().catch(null),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});
const deltaSchema = z.object({
  content: z.string().nullish(),
  tool_calls: z.array(callSchema).nullish(),
  /** What a model thinks is for nobody, but it is a sign of life. The two names are those of vLLM and of Ollama. */
  reasoning_content: z.string().nullish().catch(null),
  reasoning: z.string().nullish().catch(null),
});
const chunkSchema = z.object({
  object: z.string().nullish().catch(null),
  model: z.string().nullish().catch(null),
  choices: z
    .array(z.object({ delta: deltaSchema.nullish(), finish_reason: z.string().nullish() }))
    .nullish()
    .transform((choices) => choices?.[0]),
  usage: z
    .object({ total_tokens: z.number().int().min(0).max(2_147_483_647).nullish().catch(null) })
    .nullish()
    .catch(null),
});
type CallDelta = z.output<typeof callSchema>;

/** An answer that comes in chunks. What `onText` is told adds up to the text of the reply. */
export class ChunkedReply {
  private text = '';
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
    const { data: chunk } = chunkSchema.safeParse(value);
    if (!chunk) throw bad('a piece of it is not as it should be');
    if (chunk.object === 'error') throw bad('it reports an error');
    this.model ??= chunk.model ? label(chunk.model, NAME_LENGTH) || null : null;
    this.tokens = chunk.usage?.total_tokens ?? this.tokens;
    const { delta, finish_reason } = chunk.choices ?? {};
    this.finishReason = finish_reason ?? this.finishReason;
    if (!delta) return false;

    if (delta.content) this.say(delta.content);
    for (const call of delta.tool_calls ?? []) this.ask(call);
    return Boolean(delta.content || delta.tool_calls?.length || delta.reasoning_content || delta.reasoning);
  }

  /** @throws SwitchBadReplyError when there is neither text nor a call */
  end(): SwitchReply {
    if (this.half) this.tell('\uFFFD');
    this.half = '';
    if (!this.text.trim() && this.calls.length === 0) throw bad('its text is empty');
    return {
      text: this.text,
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
    this.text += piece;
    this.onText(piece);
  }

  private ask({ index = null, id, function: called }: CallDelta): void {
    const call = this.callOf(index, id, called?.name);
    if (id) call.id = id;
    if (called?.name) call.name = called.name;
    call.arguments += called?.arguments ?? '';
    this.callBytes += [id, called?.name, called?.arguments].reduce(
      (sum, part) => sum + Buffer.byteLength(part ?? ''),
      0,
    );
    if (this.calls.length > CALLS_MAX || this.callBytes > ARGUMENTS_MAX_BYTES) throw bad('it is too large');
  }

  /** By its index; but servers are known that give the same to all calls, or none: there a new id is a new call. */
  private callOf(index: number | null, id?: string | null, name?: string | null): ToolRequest {
    const known = this.calls.findLast((call) => call.index === index);
    const isAnother = known && id && name && known.id && known.id !== id;
    if (known && !isAnother) return known;
    const call = { id: '', name: '', arguments: '', index };
    this.calls.push(call);
    return call;
  }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

const bad = (what: string) => new SwitchBadReplyError(what, undefined, 'The model server');
