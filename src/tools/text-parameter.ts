import { z } from 'zod';
import { storable } from '../upstream/foreign-text';

/** A text that every database can hold. */
export const textParameter = (maxLength: number): z.ZodString =>
  z
    .string()
    .max(maxLength, `must have at most ${maxLength} characters`)
    .refine((text) => storable(text) === text, 'must have no NUL characters and no broken Unicode');

/** The same, with something in it. */
export const requiredText = (maxLength: number): z.ZodString => textParameter(maxLength).min(1, 'must not be empty');
