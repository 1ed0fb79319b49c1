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
  yield `# Session ${session.sessionId}\n\nUser ${session.userId}, begun ${session.createdAt.toISOString()}.\n`;
  for await (const { id, role, createdAt, content, toolCalls } of messages) {
    yield `\n## ${id} · ${role} · ${createdAt.toISOString()}\n\n${quoted(content)}\n`;
    for (const { toolName, status, durationMs } of toolCalls ?? []) {
      yield `\n- tool \`${toolName}\`: ${status}${durationMs === null ? '' : `, ${durationMs} ms`}\n`;
    }
  }
}

/** Quoted line by line, so that nothing in a message can pass for another message. */
const quoted = (content: string): string =>
  content
    .split(/\r\n|\r|\n/)
    .map((line) => `> ${line}`)
    .join('\n');
