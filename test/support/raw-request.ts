import { request as open } from 'node:http';

export interface RawRequest {
  method?: string;
  /** Sent as it is: no client tidies it up. */
  path: string;
  headers?: Record<string, string | number | string[]>;
  body?: string | Buffer;
  /** Without a Content-Length. */
  chunked?: boolean;
}

export interface RawAnswer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  /** Parsed, if it is JSON. */
  body: unknown;
}

/** A request exactly as it is told, for what well-behaved clients would not send. */
export function rawRequest(url: string, { method = 'GET', path, headers = {}, body, chunked }: RawRequest) {
  return new Promise<RawAnswer>((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const length = body !== undefined && !chunked ? { 'Content-Length': Buffer.byteLength(body) } : {};
    const request = open({ hostname, port, method, path, headers: { ...length, ...headers }, agent: false });
    request.once('error', reject);
    request.once('response', async (response) => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const text = Buffer.concat(chunks).toString();
        const isJson = /json/.test(response.headers['content-type'] ?? '');
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text,
          body: isJson ? JSON.parse(text) : undefined,
        });
      } catch (error) {
        reject(error as Error);
      }
    });
    if (chunked) request.flushHeaders();
    request.end(body);
  });
}
