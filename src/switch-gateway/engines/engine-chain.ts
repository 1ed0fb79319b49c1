import { SwitchAbortedError, SwitchError } from '../switch.errors';
import { SwitchGateway } from '../switch-gateway.service';
import type {
  EngineHealth,
  EngineName,
  Fallback,
  OnText,
  Prompt,
  SwitchFeedback,
  SwitchModels,
  SwitchQueueStatus,
  SwitchReply,
  SwitchTask,
  SwitchTaskReply,
} from '../switch-gateway.types';

/**
 * Several engines, of which the first that can answers. An answer is by one engine: nobody takes over from one that has
 * been heard, or that has begun the turn.
 */
export class EngineChain extends SwitchGateway {
  readonly name: EngineName;
  readonly takesTools: boolean;
  readonly takesFeedback: boolean;
  private readonly first: SwitchGateway;

  constructor(private readonly engines: readonly [SwitchGateway, ...SwitchGateway[]]) {
    super();
    this.first = engines[0];
    this.name = this.first.name;
    this.takesTools = engines.some(({ takesTools }) => takesTools);
    this.takesFeedback = engines.some(({ takesFeedback }) => takesFeedback);
  }

  async chat(prompt: Prompt, signal?: AbortSignal, onText?: OnText): Promise<SwitchReply> {
    const pinned = this.engines.find(({ name }) => name === prompt.engine);
    const engines = pinned ? [pinned] : this.engines;
    const fallbackFrom: Fallback[] = [];
    for (const engine of engines) {
      let isHeard = false;
      const tell = (piece: string): void => {
        isHeard = true;
        onText?.(piece);
      };
      try {
        const reply = await engine.chat(engine.takesTools ? prompt : { ...prompt, tools: [] }, signal, tell);
        return { ...reply, fallbackFrom };
      } catch (error) {
        const isFinal = isHeard || signal?.aborted || engine === engines.at(-1) || error instanceof SwitchAbortedError;
        if (isFinal || !(error instanceof SwitchError)) throw error;
        fallbackFrom.push({ engine: engine.name, error: error.code });
      }
    }
    throw new Error('unreachable: the last engine answers or throws');
  }

  task(task: SwitchTask, signal?: AbortSignal): Promise<SwitchTaskReply> {
    return this.first.task(task, signal);
  }

  submitFeedback(feedback: SwitchFeedback, signal?: AbortSignal): Promise<boolean> {
    const engine = this.engines.find(({ takesFeedback }) => takesFeedback) ?? this.first;
    return engine.submitFeedback(feedback, signal);
  }

  queueStatus(signal?: AbortSignal): Promise<SwitchQueueStatus> {
    return this.first.queueStatus(signal);
  }

  models(signal?: AbortSignal): Promise<SwitchModels> {
    return this.first.models(signal);
  }

  setDefaultModel(name: string, signal?: AbortSignal): Promise<void> {
    return this.first.setDefaultModel(name, signal);
  }

  preloadModel(name: string, signal?: AbortSignal): Promise<void> {
    return this.first.preloadModel(name, signal);
  }

  /** Well while anybody in it is. */
  async health(signal?: AbortSignal): Promise<EngineHealth> {
    const asked = await Promise.all(
      this.engines.map(async (engine) => ({ name: engine.name, ...(await engine.health(signal)) })),
    );
    return {
      isHealthy: asked.some(({ isHealthy }) => isHealthy),
      detail: asked.map(({ name, detail }) => `${name}: ${detail}`).join(' '),
    };
  }
}
