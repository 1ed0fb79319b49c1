import { type IncomingHttpHeaders, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  kind: 'internal' | 'server' | 'client';
  attributes: Record<string, unknown>;
  isError: boolean;
  traceState: string | undefined;
  from: bigint;
  to: bigint;
}

const KINDS = { 1: 'internal', 2: 'server', 3: 'client' } as const;

/** An OpenTelemetry collector, as far as traces over OTLP/HTTP in JSON go. */
export class FakeCollector {
  readonly requests: { path: string; headers: IncomingHttpHeaders; body: any }[] = [];
  /** Answers as told. */
  answer: (response: ServerResponse) => void = (response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  private server: Server;
  private port = 0;

  static async start(): Promise<FakeCollector> {
    const collector = new FakeCollector();
    await collector.listen();
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get spans(): CollectedSpan[] {
    return this.requests
      .flatMap(({ body }) => body.resourceSpans)
      .flatMap(({ scopeSpans }) => scopeSpans)
      .flatMap(({ spans }) => spans)
      .map((span: any) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        name: span.name,
        kind: KINDS[span.kind as keyof typeof KINDS],
        attributes: attributesOf(span.attributes),
        isError: span.status.code === 2,
        traceState: span.traceState || undefined,
        from: BigInt(span.startTimeUnixNano),
        to: BigInt(span.endTimeUnixNano),
      }));
  }

  get resource(): Record<string, unknown> {
    return attributesOf(this.requests[0]!.body.resourceSpans[0].resource.attributes);
  }

  /** Those of one trace as a tree: a line each, `name` after as many dots as there are spans above it, oldest first. */
  tree(traceId: string): string[] {
    const spans = this.spans
      .filter((span) => span.traceId === traceId)
      .sort((a, b) => (a.from === b.from ? 0 : a.from < b.from ? -1 : 1));
    const ids = new Set(spans.map(({ spanId }) => spanId));
    const below = (parent: string | undefined, dots: string): string[] =>
      spans
        .filter(({ parentSpanId }) => (parent ? parentSpanId === parent : !ids.has(parentSpanId ?? '')))
        .flatMap(({ spanId, name }) => [dots + name, ...below(spanId, `${dots}.`)]);
    return below(undefined, '');
  }

  async listen(): Promise<void> {
    this.server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { url, headers } = request;
      this.requests.push({ path: url!, headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
      this.answer(response);
    });
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function attributesOf(list: { key: string; value: Record<string, unknown> }[]): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
}
