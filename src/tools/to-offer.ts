import { z } from 'zod';
import type { Tool, ToolOffer } from './tool.types';

/** A tool as engines get to know it, in the words of OpenAI's API: `parameters` is the JSON Schema of an object. */
export function toOffer({ name, description, parameters }: Tool): ToolOffer {
  const schema: Record<string, unknown> = { ...z.toJSONSchema(parameters, { io: 'input', target: 'draft-7' }) };
  delete schema['$schema'];
  return { name, description, parameters: { ...schema, additionalProperties: false } };
}
