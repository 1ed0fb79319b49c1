import type { OperatorMessage } from './operator-message.entity';
import type { OperatorSession } from './operator-session.entity';
import type { RecordedToolCall } from './session.types';
import { MessageResponseDto, ToolCallDto } from './dto/session-response.dto';

export type ExportFormat = 'json' | 'markdown';

/** A message with all its tool calls, however many. */
export interface ExportedMessage {
  message: OperatorMessage;
  toolCalls: AsyncIterable<RecordedToolCall> | Iterable<RecordedToolCall>;
}

/** A session as a document, piece by piece: however long it is, little of it is in memory. */
export function exportSession(
  format: ExportFormat,
  session: OperatorSession,
  messages: AsyncIterable<ExportedMessage>,
): AsyncGenerator<string> {
  return format === 'json' ? asJson(session, messages) : asMarkdown(session, messages);
}

async function* asJson(session: OperatorSession, messages: AsyncIterable<ExportedMessage>): AsyncGenerator<string> {
  const head = JSON.stringify({
    session_id: session.sessionId,
    user_id: session.userId,
    created_at: session.createdAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
    message_count: session.messageCount,
  });
  yield `${head.slice(0, -1)},"messages":[`;
  let separator = '';
  for await (const { message, toolCalls } of messages) {
    yield `${separator}\n${opened(message)},"tool_calls":[`;
    let between = '';
    for await (const call of toolCalls) {
      yield `${between}${JSON.stringify(ToolCallDto.from(call))}`;
      between = ',';
    }
    yield ']}';
    separator = ',';
  }
  yield '\n]}\n';
}

/** A message in JSON up to its tool calls. */
function opened(message: OperatorMessage): string {
  const fields = MessageResponseDto.from({ message, toolCalls: NONE });
  return JSON.stringify({ ...fields, tool_calls: undefined }).slice(0, -1);
}

const NONE = { calls: [], hasMore: false };

async function* asMarkdown(session: OperatorSession, messages: AsyncIterable<ExportedMessage>): AsyncGenerator<string> {
  const begun = session.createdAt.toISOString();
  yield `# Session ${inLine(session.sessionId)}\n\nUser ${inLine(session.userId)}, begun ${begun}.\n`;
  for await (const { message, toolCalls } of messages) {
    const { id, role, createdAt, content } = message;
    yield `\n## ${id} · ${inLine(role)} · ${createdAt.toISOString()}\n\n${quoted(content)}\n`;
    for await (const { toolName, status, durationMs } of toolCalls) {
      const duration = durationMs === null ? '' : `, ${durationMs} ms`;
      yield `\n- tool \`${inLine(toolName)}\`: ${inLine(status)}${duration}\n`;
    }
  }
}

/** A name that clients or the original chose, kept from ending the line, or the code, that it stands in. */
const inLine = (name: string): string => name.replace(/\s+/g, ' ').replaceAll('`', "'");

/** Quoted line by line, so that nothing in a message can pass for another message. */
const quoted = (content: string): string =>
  content
    .split(/\r\n|\r|\n/)
    .map((line) => `> ${line}`)
    .join('\n');
