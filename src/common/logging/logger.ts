import type { LoggerService } from '@nestjs/common';
import pino, { type DestinationStream, type Level, type Logger, type StreamEntry } from 'pino';
import type { Config } from '../../config/config';
import { DailyFile } from './daily-file';
import { traceFields } from '../tracing/active-span';
import { requestContext } from './request-context';

/** Nest's account of how it wires itself up: for those who ask for details. */
const WIRING = new Set(['InstanceLoader', 'NestApplication', 'NestFactory', 'RouterExplorer', 'RoutesResolver']);
/** Why a start failed, which `main.ts` says itself. */
const FAILED_START = 'ExceptionHandler';

/** Structured lines on stdout, for people when stdout is a terminal; also in daily files when `LOG_DIR` is set. */
export class OperatorLogger implements LoggerService {
  private readonly pino: Logger;

  constructor({ level, dir, fileMaxBytes, keepFiles }: Config['log'], out: DestinationStream = stdout()) {
    const files = dir ? [new DailyFile({ dir, fileMaxBytes, keepFiles })] : [];
    const streams = [out, ...files].map((stream): StreamEntry => ({ level: 'trace', stream }));

    this.pino = pino(
      {
        level,
        base: { module: 'operator_backend' },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        mixin: () => ({ ...requestContext.fields(), ...traceFields() }),
        // They are `errorFields` already: Pino would repeat an error's own message as the line's.
        serializers: { err: (fields: ErrorFields) => fields },
      },
      dir ? pino.multistream(streams) : out,
    );
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.write(WIRING.has(rest.at(-1) as string) ? 'debug' : 'info', message, rest);
  }
  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }
  error(message: unknown, ...rest: unknown[]): void {
    this.write(rest.at(-1) === FAILED_START ? 'debug' : 'error', message, rest);
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
    this.pino.flush();
  }

  /** Nest passes the context last, and a stack before it. */
  private write(level: Level, message: unknown, rest: unknown[]): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const strings = rest.filter((extra): extra is string => typeof extra === 'string');
    const context = strings.at(-1);

    if (typeof message === 'object' && message !== null && !(message instanceof Error)) {
      const { err, ...fields } = message as { err?: unknown };
      this.pino[level]({ context, ...fields, ...(err !== undefined && { err: errorFields(err) }) });
      return;
    }
    const error = message instanceof Error ? message : rest.find((extra) => extra instanceof Error);
    const err = error && errorFields(error);
    const stack = !error && strings.length > 1 ? strings[0] : undefined;
    const text = message instanceof Error ? err!.message : String(message);
    this.pino[level]({ context, ...(err && { err }), ...(stack && { stack }) }, text);
  }
}

function stdout(): DestinationStream {
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

/**
 * Lists what may be logged of an error: drivers hang SQL parameters, which hold people's messages, on theirs, and
 * parsers quote what they could not read.
 */
function errorFields(error: unknown, depth = 0): ErrorFields {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const { code } = error as { code?: unknown };
  const message = error.name === 'SyntaxError' ? 'Cannot be parsed.' : error.message;
  return {
    type: error.name,
    message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack && { stack: error.stack.replace(error.message, message) }),
    ...(error.cause !== undefined && depth < 4 && { cause: errorFields(error.cause, depth + 1) }),
  };
}
