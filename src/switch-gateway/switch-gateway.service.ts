import type {
  EngineHealth,
  EngineName,
  OnText,
  Prompt,
  SwitchFeedback,
  SwitchModels,
  SwitchQueueStatus,
  SwitchReply,
  SwitchTask,
  SwitchTaskReply,
} from './switch-gateway.types';

/**
 * The port to whoever answers. Every failure is a `SwitchError`; a reply that comes back is a genuine one.
 *
 * `signal` abandons the call; all calls have deadlines of their own besides.
 */
export abstract class SwitchGateway {
  /** The engine behind the port, as configured. */
  abstract readonly name: EngineName;
  /** Whether it may be offered tools; the embedded engine finds its own. */
  abstract readonly takesTools: boolean;
  /** Whether it has any use for `submitFeedback`. */
  abstract readonly takesFeedback: boolean;
  /** Text that `onText` was told of before a failure has been shown: nobody else may answer in its place. */
  abstract chat(prompt: Prompt, signal?: AbortSignal, onText?: OnText): Promise<SwitchReply>;
  abstract task(task: SwitchTask, signal?: AbortSignal): Promise<SwitchTaskReply>;
  /** Tells the router how an engine did. False: it does not know this call. */
  abstract submitFeedback(feedback: SwitchFeedback, signal?: AbortSignal): Promise<boolean>;
  abstract queueStatus(signal?: AbortSignal): Promise<SwitchQueueStatus>;
  abstract models(signal?: AbortSignal): Promise<SwitchModels>;
  /** Which model answers from now on. */
  abstract setDefaultModel(name: string, signal?: AbortSignal): Promise<void>;
  /** Has a model loaded before it is needed. */
  abstract preloadModel(name: string, signal?: AbortSignal): Promise<void>;
  /** Never throws. */
  abstract health(signal?: AbortSignal): Promise<EngineHealth>;
}
