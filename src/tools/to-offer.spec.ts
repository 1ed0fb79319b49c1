import { z } from 'zod';
import { toOffer } from './to-offer';
import type { Tool } from './tool.types';
import { requiredText } from './text-parameter';

const aTool = (parameters: z.ZodObject): Tool => ({
  name: 'look_up',
  description: 'Looks something up.',
  parameters,
  effects: 'read',
  deadlineMs: 1_000,
  resultBytes: 1_000,
  isOffered: true,
  run: () => Promise.reject(new Error('not here')),
});

describe(toOffer.name, () => {
  it('says what there is to be given, what must be, and what is taken for what is not', () => {
    const parameters = z.object({
      query: requiredText(200).describe('What to look up.'),
      limit: z.number().int().min(1).max(20).default(5).describe('How many.'),
      language: z.enum(['de', 'en']).optional(),
    });
    expect(toOffer(aTool(parameters))).toEqual({
      name: 'look_up',
      description: 'Looks something up.',
      parameters: {
        type: 'object',
        properties: {
          query: { type: 'string', minLength: 1, maxLength: 200, description: 'What to look up.' },
          limit: { type: 'integer', minimum: 1, maximum: 20, default: 5, description: 'How many.' },
          language: { type: 'string', enum: ['de', 'en'] },
        },
        required: ['query'],
        additionalProperties: false,
      },
    });
  });

  it('is an object also of a tool that takes nothing', () => {
    expect(toOffer(aTool(z.object({}))).parameters).toEqual({
      type: 'object',
      properties: {},
      additionalProperties: false,
    });
  });
});
