import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type WebSocket, WebSocketServer } from 'ws';
import { StreamTokens } from '../../common/auth/stream-tokens';
import { TokenService } from '../../common/auth/token.service';
import { ForbiddenError, RouteNotFoundError } from '../../common/errors/http.errors';
import { OperatorError } from '../../common/errors/operator.error';
import { logProblem, toProblem } from '../../common/errors/problem';
import { CONFIG, type Config } from '../../config/config';
import { toSeq } from '../../events/dto/event-query.dto';
import { EventStreamService } from '../../events/event-stream.service';
import { ChatService } from '../chat.service';
import { ChatSocket } from './chat-socket';
import { SocketSink } from './socket-sink';

const PATH = /^\/ws\/([A-Za-z0-9._:-]{1,64})$/;
const PING_EVERY_MS = 15_000;

/** `WS /ws/{session_id}`: the events of a session as JSON frames, and a place to say something in it. */
@Injectable()
export class ChatSocketGateway implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('Socket');
  private readonly server: WebSocketServer;
  private readonly silent = new Set<WebSocket>();
  private timer: NodeJS.Timeout;

  constructor(
    private readonly host: HttpAdapterHost,
    private readonly tokens: TokenService,
    private readonly streamTokens: StreamTokens,
    private readonly streams: EventStreamService,
    private readonly chat: ChatService,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      maxPayload: config.http.bodyMaxBytes,
      perMessageDeflate: false,
      clientTracking: true,
    });
  }

  onApplicationBootstrap(): void {
    const http = this.host.httpAdapter.getHttpServer() as Server;
    http.on('upgrade', (request, connection, head) => void this.upgrade(request, connection, head));
    this.timer = setInterval(() => this.ping(), PING_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    for (const socket of this.server.clients) socket.terminate();
  }

  private async upgrade(request: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> {
    const broken = () => connection.destroy();
    connection.on('error', broken);
    try {
      const url = new URL(request.url ?? '/', 'http://operator');
      const [, sessionId] = PATH.exec(url.pathname) ?? [];
      if (!sessionId) throw new RouteNotFoundError();
      await this.admit(request, sessionId, url.searchParams.get('token'));
      const after = toSeq(url.searchParams.get('after') ?? undefined, undefined);
      this.streams.admit();
      this.server.handleUpgrade(request, connection, head, (socket) => {
        connection.off('error', broken);
        void this.serve(socket, connection, sessionId, after);
      });
    } catch (error) {
      this.refuse(request, connection, error);
    }
  }

  /** A page of another origin could open a socket in the name of whoever looks at it. */
  private async admit(request: IncomingMessage, sessionId: string, streamToken: string | null): Promise<void> {
    const { origin, host } = request.headers;
    const isOwn = origin === undefined || [`http://${host}`, `https://${host}`].includes(origin);
    if (!isOwn && !this.config.http.allowedOrigins.includes(origin)) throw new ForbiddenError();
    const refusal = this.tokens.refusal(request);
    if (!refusal) return;
    if (streamToken === null) throw refusal;
    if (!(await this.streamTokens.redeem(streamToken, sessionId))) throw new ForbiddenError();
  }

  private async serve(socket: WebSocket, connection: Duplex, sessionId: string, after: number): Promise<void> {
    const startedAt = performance.now();
    const gone = new AbortController();
    socket.once('close', () => gone.abort());
    // What is too large, or no WebSocket at all, ends the connection by itself.
    socket.on('error', (error) => this.logger.debug({ event: 'socket:error', err: error }));
    socket.on('pong', () => this.silent.delete(socket));
    new ChatSocket(socket, sessionId, this.chat, (error) => this.logger.error({ event: 'socket:error', err: error }));
    try {
      await this.streams.follow(new SocketSink(socket, connection), { sessionId, after }, gone.signal);
    } catch (error) {
      this.logger.error({ event: 'socket:error', err: error });
      socket.close(1011, 'internal_error');
    } finally {
      this.silent.delete(socket);
      const durationMs = Math.round(performance.now() - startedAt);
      this.logger.log({ event: 'socket:closed', path: `/ws/${sessionId}`, duration_ms: durationMs });
    }
  }

  /** Who does not answer from one time to the next is gone. */
  private ping(): void {
    for (const socket of this.server.clients) {
      if (this.silent.has(socket)) socket.terminate();
      else {
        this.silent.add(socket);
        socket.ping();
      }
    }
  }

  /** With the problem document that a request would have got. */
  private refuse(request: IncomingMessage, connection: Duplex, error: unknown): void {
    const instance = (request.url ?? '/').split('?')[0]!;
    const problem = toProblem(error, { instance, requestId: randomUUID() });
    logProblem(this.logger, problem, error);
    const body = JSON.stringify(problem);
    const headers = {
      'Content-Type': 'application/problem+json',
      'Content-Length': Buffer.byteLength(body),
      Connection: 'close',
      ...(error instanceof OperatorError && error.headers),
    };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    connection.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  }
}
