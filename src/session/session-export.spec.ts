import fc from 'fast-check';
import type { OperatorMessage } from './operator-message.entity';
import type { OperatorSession } from './operator-session.entity';
import { type ExportFormat, type ExportedMessage, exportSession } from './session-export';
import type { RecordedToolCall } from './session.types';

const AT = new Date('2026-11-23T09:30:00.000Z');

const aSession = (session: Partial<OperatorSession> = {}): OperatorSession => ({
  id: 1,
  sessionId: 'support-1',
  userId: 'ana',
  source: 'api',
  messageCount: 2,
  createdAt: AT,
  updatedAt: AT,
  ...session,
});
const aMessage = (message: Partial<OperatorMessage> = {}, toolCalls: RecordedToolCall[] = []): ExportedMessage => ({
  toolCalls,
  message: {
    id: 1,
    sessionId: 'support-1',
    turnId: null,
    role: 'user',
    content: 'hello',
    metadata: null,
    createdAt: AT,
    ...message,
  },
});

const aToolCall = (call: Partial<RecordedToolCall> = {}): RecordedToolCall => ({
  id: 1,
  messageId: 1,
  toolName: 'browser',
  status: 'ok',
  durationMs: 1,
  result: null,
  error: null,
  ...call,
});

async function exported(format: ExportFormat, session: OperatorSession, messages: ExportedMessage[]): Promise<string> {
  async function* stream() {
    yield* messages;
  }
  let document = '';
  for await (const piece of exportSession(format, session, stream())) document += piece;
  return document;
}

describe('An export as JSON', () => {
  it('is a document whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ content: fc.string({ unit: 'binary' }), role: fc.constantFrom('user', 'assistant') })),
        fc.string({ unit: 'binary' }),
        async (said, userId) => {
          const messages = said.map(({ content, role }, id) => aMessage({ id, content, role: role as 'user' }));
          const document = JSON.parse(await exported('json', aSession({ userId }), messages));
          expect(document).toEqual({
            session_id: 'support-1',
            user_id: userId,
            created_at: AT.toISOString(),
            updated_at: AT.toISOString(),
            message_count: 2,
            messages: said.map(({ content, role }, id) => ({
              id,
              role,
              content,
              timestamp: AT.toISOString(),
              turn_id: null,
              tool_calls: [],
              more_tool_calls: null,
              metadata: null,
            })),
          });
        },
      ),
    );
  });
});

describe('An export as Markdown', () => {
  it('reads like this', async () => {
    const toolCalls = [
      aToolCall({ id: 1, toolName: 'browser', durationMs: 42 }),
      aToolCall({ id: 2, toolName: 'shell', status: 'error', durationMs: null, error: 'exit 1' }),
    ];
    const messages = [
      aMessage({ id: 7, content: 'two\nlines' }),
      aMessage({ id: 8, role: 'assistant', content: 'Done.' }, toolCalls),
    ];
    expect(await exported('markdown', aSession(), messages)).toBe(`# Session support-1

User ana, begun 2026-11-23T09:30:00.000Z.

## 7 · user · 2026-11-23T09:30:00.000Z

> two
> lines

## 8 · assistant · 2026-11-23T09:30:00.000Z

> Done.

- tool \`browser\`: ok, 42 ms

- tool \`shell\`: error
`);
  });

  it('has as many headings as messages, and one, whatever was said and by whom', async () => {
    const text = fc.string({ unit: fc.constantFrom('#', ' ', '\n', '\r', '\u2028', '`', '>', '-', '=', 'a', '·') });
    await fc.assert(
      fc.asyncProperty(fc.array(text), text, text, text, async (said, userId, sessionId, toolName) => {
        const toolCalls = [aToolCall({ toolName, status: toolName })];
        const messages = said.map((content, id) => aMessage({ id, content, role: userId as 'user' }, toolCalls));
        const document = await exported('markdown', aSession({ userId, sessionId }), messages);

        const headings = document.split(/[\r\n]/).filter((line) => /^\s*(#|=+\s*$|-+\s*$)/.test(line));
        expect(headings).toHaveLength(said.length + 1);
      }),
    );
  });
});
