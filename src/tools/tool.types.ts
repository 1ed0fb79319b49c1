import type { z } from 'zod';

/** `read`: doing it twice does no harm. `write`: it may change something out there. */
export type ToolEffects = 'read' | 'write';

/** On whose behalf a tool is run. */
export interface ToolContext {
  sessionId: string;
  turnId: string;
  userId: string;
  /** Its own record. */
  toolCallId: number;
}

export interface ToolOutcome {
  /** For the record: plain JSON, nothing binary. */
  result: unknown;
  /** What the engine, or the person, reads. */
  text: string;
  /** Whose words are in the text, a page's URL; null when they are Operator's own. */
  source: string | null;
}

/** How a person calls a tool where there is no model to do so. */
export interface ToolCommand {
  /** With its slash: `/browse`. */
  name: string;
  /** How it is called, if it takes an argument: `/browse <url>`. */
  usage?: string;
  summary: string;
  /** What follows the command's name, as arguments; they are checked against the tool's schema like a model's. */
  parse(argument: string): Record<string, unknown>;
}

/** Something that can be done on a session's behalf, and is on record when it was. */
export interface Tool<Schema extends z.ZodObject = z.ZodObject> {
  /** Letters, digits and underscores, as the field's APIs want it. */
  name: string;
  /** For a model: what it does, and when to use it. */
  description: string;
  parameters: Schema;
  effects: ToolEffects;
  deadlineMs: number;
  /** Most of its text, in bytes of UTF-8, that an engine gets to read. */
  resultBytes: number;
  /** False: for persons only. */
  isOffered: boolean;
  command?: ToolCommand;
  /** Throws an `OperatorError` when it cannot; its message is shown to the engine. */
  run(args: z.output<Schema>, context: ToolContext, signal: AbortSignal): Promise<ToolOutcome>;
}

/** A tool as an engine gets to know it. */
export interface ToolOffer {
  name: string;
  description: string;
  /** JSON Schema of an object. */
  parameters: Record<string, unknown>;
}
