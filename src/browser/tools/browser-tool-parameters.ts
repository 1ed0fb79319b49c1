import { z } from 'zod';
import { requiredText, textParameter } from '../../tools/text-parameter';
import { URL_MAX_LENGTH } from '../egress/url-rules';
import type { BrowserActionDto } from '../tasks/dto/browser-action.dto';

const STEPS_MAX = 20;
const SELECTOR_MAX_LENGTH = 1_024;
const VALUE_MAX_LENGTH = 8_192;

export const pageUrl = requiredText(URL_MAX_LENGTH).describe(
  'Address of the page, beginning with http:// or https://.',
);

const selector = requiredText(SELECTOR_MAX_LENGTH);

const one = selector.describe(
  'The element, a single one: CSS such as #send, or Playwright’s text=Send, role=button[name="Send"].',
);

export const part = selector
  .optional()
  .describe('The element it is about, a single one, as CSS or Playwright selector; the whole page when left out.');

export const fullPage = z
  .boolean()
  .default(false)
  .describe('True: the page from top to bottom. False: what fits on one screen.');

const scrollBy = z
  .number()
  .int()
  .min(-100_000)
  .max(100_000)
  .optional()
  .describe('By how many pixels, downwards; a screenful when left out.');

const DECLARATIVE = [
  step('goto', 'Opens another page.', { url: pageUrl }),
  step('wait_for', 'Waits until an element is to be seen, or in another state.', {
    selector: one,
    state: z
      .enum(['attached', 'detached', 'visible', 'hidden'])
      .default('visible')
      .describe('What to wait for: that it is there, gone, to be seen, or not.'),
  }),
  step('click', 'Clicks an element.', { selector: one }),
  step('fill', 'Replaces what stands in a field.', {
    selector: one,
    value: textParameter(VALUE_MAX_LENGTH).describe('What is to stand there.'),
  }),
  step('select', 'Chooses in a drop-down list.', {
    selector: one,
    value: textParameter(VALUE_MAX_LENGTH).describe('Value or label of the option.'),
  }),
  step('press', 'Presses a key.', {
    key: requiredText(64).describe('Its name, such as Enter, Escape or Control+A.'),
    selector: part,
  }),
  step('scroll', 'Scrolls the page, or to an element.', { y: scrollBy, selector: part }),
  step('extract_text', 'Reads text.', { selector: part }),
  step('extract_markdown', 'Reads the article of the page, or an element, as Markdown.', { selector: part }),
  step('extract_links', 'Reads links.', { selector: part }),
  step('screenshot', 'Takes a picture, which is kept for persons.', { selector: part, full_page: fullPage }),
  step('pdf', 'Prints the page into a PDF, which is kept for persons.', {}),
] as const;

const script = step('evaluate', 'Runs JavaScript in the page.', {
  script: requiredText(VALUE_MAX_LENGTH).describe('An expression; what it comes to is returned.'),
});

/** What may be done on a page, step by step. */
export function stepsParameter(allowScript: boolean): z.ZodArray<z.ZodType<BrowserActionDto>> {
  const action: z.ZodType<BrowserActionDto> = allowScript
    ? z.discriminatedUnion('action', [...DECLARATIVE, script])
    : z.discriminatedUnion('action', DECLARATIVE);
  return z
    .array(action)
    .min(1, 'must have at least one step')
    .max(STEPS_MAX, `must have at most ${STEPS_MAX} steps`)
    .describe(`What to do, at most ${STEPS_MAX} steps, one after the other. The page is open when the first begins.`);
}

function step<Name extends BrowserActionDto['action'], Shape extends z.ZodRawShape>(
  name: Name,
  what: string,
  shape: Shape,
) {
  return z.object({ action: z.literal(name).describe(what), ...shape });
}
