import type { LoggerService } from '@nestjs/common';
import pino, { type Level, type Logger, type StreamEntry } from 'pino';
import type { Config } from '../../config/config';
import { DailyFile } from './daily-file';
import { requestContext } from './request-context';

/** Nest's account of how it wires itself up: for those who ask for details. */
const WIRING = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver']);

/** Structured lines on stdout, for people when stdout is a terminal; also in daily files when `LOG_DIR` is set. */
export class OperatorLogger implements LoggerService {
  private readonly pino: Logger;
  private readonly file: DailyFile | null;

  constructor({ level, dir, fileMaxBytes, keepFiles }: Config['log']) {
    this.file = dir ? new DailyFile({ dir, fileMaxBytes, keepFiles }) : null;
    const streams: StreamEntry[] = [{ level: 'trace', stream: stdout() }];
    if (this.file) streams.push({ level: 'trace', stream: this.file });

    this.pino = pino(
      {
        level,
        base: { module: 'operator_backend' },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        mixin: requestContext.fields,
        serializers: { err: errorFields },
      },
      this.file ? pino.multistream(streams) : streams[0]!.stream,
    );
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(WIRING.has(rest.at(-1) as string) ? 'debug' : 'info', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }
  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }
  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }
  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** Puts buffered lines where they belong; for the moment before the process ends. */
  flush(): void {
    this.file?.flushSync();
    this.pino.flush();
  }

  /** Nest passes the context last, and a stack before it. */
  private write(level: Level, message: unknown, rest: unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const strings = rest.filter((extra): extra is string => typeof extra === 'string');
    const context = strings.at(-1);
    const error = message instanceof Error ? message : rest.find((extra) => extra instanceof Error);
    const stack = strings.length > 1 ? strings[0] : undefined;

    if (message instanceof Error) this.pino[level]({ context, err: error }, message.message);
    else if (typeof message === 'object' && message !== null) this.pino[level]({ context, ...message });
    else this.pino[level]({ context, ...(error ? { err: error } : {}), ...(stack ? { stack } : {}) }, String(message));
  }
}

function stdout(): pino.DestinationStream {
  if (!process.stdout.isTTY) return pino.destination({ dest: 1, sync: false });
  // Loaded for terminals only: services do not pay for it.
  const pretty = require('pino-pretty') as typeof import('pino-pretty');
  return pretty({ ignore: 'module,pid,hostname', translateTime: 'HH:MM:ss.l', singleLine: true });
}

interface ErrorFields {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: ErrorFields;
}

/** Lists what may be logged of an error: drivers hang SQL parameters, which hold people's messages, on theirs. */
function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack && { stack: error.stack }),
    ...(error.cause !== undefined && depth < 4 && { cause: errorFields(error.cause, depth + 1) }),
  };
}
