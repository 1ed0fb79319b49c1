import type { OperatorMessage } from './operator-message.entity';
import type { OperatorSession } from './operator-session.entity';
import { MessageResponseDto } from './dto/session-response.dto';

export type ExportFormat = 'json' | 'markdown';

/** A session as a document, piece by piece: however long it is, little of it is in memory. */
export function exportSession(
  format: ExportFormat,
  session: OperatorSession,
  messages: AsyncIterable<OperatorMessage>,
): AsyncGenerator<string> {
  return format === 'json' ? asJson(session, messages) : asMarkdown(session, messages);
}

async function* asJson(session: OperatorSession, messages: AsyncIterable<OperatorMessage>): AsyncGenerator<string> {
  const head = JSON.stringify({
    session_id: session.sessionId,
    user_id: session.userId,
    created_at: session.createdAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
    message_count: session.messageCount,
  });
  yield `${head.slice(0, -1)},"messages":[`;
  let separator = '';
  for await (const message of messages) {
    yield `${separator}\n${JSON.stringify(MessageResponseDto.from(message))}`;
    separator = ',';
  }
  yield '\n]}\n';
}

async function* asMarkdown(session: OperatorSession, messages: AsyncIterable<OperatorMessage>): AsyncGenerator<string> {
  const begun = session.createdAt.toISOString();
  yield `# Session ${inLine(session.sessionId)}\n\nUser ${inLine(session.userId)}, begun ${begun}.\n`;
  for await (const { id, role, createdAt, content, toolCalls } of messages) {
    yield `\n## ${id} · ${inLine(role)} · ${createdAt.toISOString()}\n\n${quoted(content)}\n`;
    for (const { toolName, status, durationMs } of toolCalls ?? []) {
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
