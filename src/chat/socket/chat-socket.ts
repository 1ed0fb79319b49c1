import type { RawData, WebSocket } from 'ws';
import { OperatorError } from '../../common/errors/operator.error';
import { toProblem } from '../../common/errors/problem';
import { InputPipe } from '../../common/http/validation';
import { requestContext } from '../../common/logging/request-context';
import { EventFrame } from '../../events/event-frame';
import type { ChatService } from '../chat.service';
import { MalformedFrameError, TooManyFramesError } from '../chat.errors';
import { ChatRequestDto, toCommand } from '../dto/chat-request.dto';
import { FrameBudget } from './frame-budget';
import { readFrame } from './read-frame';

const input = new InputPipe();

/** What a client says on a WebSocket: each frame begins a turn, whose events come by the stream. */
export class ChatSocket {
  private readonly budget = new FrameBudget();

  constructor(
    private readonly socket: WebSocket,
    private readonly sessionId: string,
    private readonly chat: ChatService,
    private readonly log: (error: unknown) => void,
  ) {
    socket.on('message', (data: RawData, isBinary: boolean) => this.received(data, isBinary));
  }

  private received(data: RawData, isBinary: boolean): void {
    const verdict = this.budget.take();
    if (verdict === 'refused') this.report(new TooManyFramesError());
    if (verdict !== 'taken') return;
    // Each frame is a request of its own.
    requestContext.run(undefined, () => void this.said(data, isBinary).catch((error: unknown) => this.report(error)));
  }

  private async said(data: RawData, isBinary: boolean): Promise<void> {
    if (isBinary) throw new MalformedFrameError('it is binary');
    const { request, idempotencyKey } = readFrame((data as Buffer).toString());
    const body = { ...request, session_id: this.sessionId };
    const checked = (await input.transform(body, { type: 'body', metatype: ChatRequestDto })) as ChatRequestDto;
    await this.chat.start(toCommand(checked, idempotencyKey));
  }

  private report(error: unknown): void {
    if (!(error instanceof OperatorError)) this.log(error);
    if (this.socket.readyState !== this.socket.OPEN) return;
    const problem = toProblem(error, { instance: `/ws/${this.sessionId}`, requestId: requestContext.id() });
    this.socket.send(
      new EventFrame(this.sessionId, 'error_reported', JSON.stringify(problem), new Date(), null, '').json,
    );
  }
}
