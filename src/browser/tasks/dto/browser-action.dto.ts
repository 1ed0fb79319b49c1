import { IsBoolean, IsIn, IsInt, IsNotEmpty, IsOptional, Max, MaxLength, Min, ValidateIf } from 'class-validator';
import { IsStorableText } from '../../../common/http/text.validators';
import type { Action } from '../../engine/browser-engine.types';

type Name = Action['action'];
type Field = 'url' | 'selector' | 'value' | 'key' | 'script' | 'state' | 'y' | 'full_page';

/** What each action must have, and what it may have besides a `timeout_ms`. */
const FIELDS: Record<Name, { needs: Field[]; takes: Field[] }> = {
  goto: { needs: ['url'], takes: [] },
  wait_for: { needs: ['selector'], takes: ['state'] },
  click: { needs: ['selector'], takes: [] },
  fill: { needs: ['selector', 'value'], takes: [] },
  press: { needs: ['key'], takes: ['selector'] },
  select: { needs: ['selector', 'value'], takes: [] },
  scroll: { needs: [], takes: ['selector', 'y'] },
  extract_text: { needs: [], takes: ['selector'] },
  extract_markdown: { needs: [], takes: ['selector'] },
  extract_links: { needs: [], takes: ['selector'] },
  screenshot: { needs: [], takes: ['selector', 'full_page'] },
  pdf: { needs: [], takes: [] },
  evaluate: { needs: ['script'], takes: [] },
};
const NAMES = Object.keys(FIELDS) as Name[];
const WRITING: Name[] = ['click', 'fill', 'press', 'select', 'evaluate'];
const STEP_MS_MAX = 120_000;

/** Looks at a field where the action has it; where it needs it, its absence is a mistake. */
const For = (field: Field): PropertyDecorator =>
  ValidateIf((request: BrowserActionDto) => {
    const fields = FIELDS[request.action];
    if (!fields) return false;
    return fields.needs.includes(field) || (fields.takes.includes(field) && request[field] != null);
  });

export class BrowserActionDto {
  /**
   * What to do.
   * @example 'click'
   */
  @IsIn(NAMES)
  action: Name;

  /**
   * With `goto`: where to.
   * @example 'https://example.com/search'
   */
  @For('url')
  @IsNotEmpty()
  @IsStorableText()
  url?: string;

  /**
   * Which element, in Playwright’s syntax: CSS, `text=…`, `role=button[name="Send"]`. It must be a single one. Needed by
   * `wait_for`, `click`, `fill` and `select`; without it the others are about the page.
   * @example 'role=button[name="Search"]'
   */
  @For('selector')
  @IsNotEmpty()
  @IsStorableText()
  @MaxLength(2_048)
  selector?: string;

  /**
   * With `fill` and `select`: what is to stand there, or the option’s value or label. Never shown again.
   * @example 'operator'
   */
  @For('value')
  @IsStorableText()
  @MaxLength(32_768)
  value?: string;

  /**
   * With `press`: a key such as `Enter` or `Control+A`.
   * @example 'Enter'
   */
  @For('key')
  @IsNotEmpty()
  @IsStorableText()
  @MaxLength(64)
  key?: string;

  /**
   * With `evaluate`: an expression. What it comes to, or what a promise resolves to, is the step’s value.
   * @example 'document.querySelectorAll("li").length'
   */
  @For('script')
  @IsNotEmpty()
  @IsStorableText()
  @MaxLength(32_768)
  script?: string;

  /** With `wait_for`: until the element is there, gone, to be seen, or not. */
  @For('state')
  @IsIn(['attached', 'detached', 'visible', 'hidden'])
  state?: 'attached' | 'detached' | 'visible' | 'hidden' | null = 'visible';

  /**
   * With `scroll`: by how many pixels, downwards. A screenful when left out.
   * @example 720
   */
  @For('y')
  @IsInt()
  @Min(-1_000_000)
  @Max(1_000_000)
  y?: number | null;

  /** With `screenshot`: the whole page, not only what is to be seen. */
  @For('full_page')
  @IsBoolean()
  full_page?: boolean | null = false;

  /**
   * How long this step may take, within what the task may. 10 s when left out; for `goto`, all that is left.
   * @example 5000
   */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(STEP_MS_MAX)
  timeout_ms?: number | null;
}

/** The action with what belongs to it, and nothing else. */
export function toAction(request: BrowserActionDto): Action {
  const { action, timeout_ms } = request;
  const { needs, takes } = FIELDS[action];
  const given = [...needs, ...takes].flatMap((field) =>
    request[field] == null ? [] : [[field === 'full_page' ? 'fullPage' : field, request[field]]],
  );
  return {
    action,
    ...Object.fromEntries(given),
    ...(timeout_ms != null && { timeoutMs: timeout_ms }),
  } as Action;
}

/** Whether doing it twice may do harm. */
export const isWriting = ({ action }: Action): boolean => WRITING.includes(action);
