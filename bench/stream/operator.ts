import { type Client, expectOk } from '../support/client';
import { MODEL } from '../support/completion-frames';
import { Service } from '../support/service';
import type { ModelAnswer } from './model';

/** The service, with the bench's model to answer. */
export function startOperator(dataDir: string, modelUrl: string): Promise<Service & { url: string }> {
  const env = { ENGINE: 'openai', OPENAI_BASE_URL: `${modelUrl}/v1`, OPENAI_MODEL: MODEL };
  return Service.start({ dataDir, env });
}

interface Message {
  role: string;
  content: string;
}

/** The last answer that is stored in a session. */
export async function storedAnswer(client: Client, sessionId: string): Promise<string> {
  const { messages } = expectOk<{ messages: Message[] }>(await client.get(`/operator/session/${sessionId}`));
  return messages.findLast(({ role }) => role === 'assistant')?.content ?? '';
}

/** What the model has said when it was asked under this name. */
export async function sentAnswer(model: Client, name: string): Promise<ModelAnswer> {
  return expectOk(await model.get(`/answer/${name}`));
}
