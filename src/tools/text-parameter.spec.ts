import { requiredText, textParameter } from './text-parameter';

const problems = (schema: ReturnType<typeof textParameter>, text: string) =>
  schema.safeParse(text).error?.issues.map(({ message }) => message) ?? [];

describe(textParameter.name, () => {
  it.each([
    ['', []],
    ['abc', []],
    ['😀!', []],
    ['abcd', ['must have at most 3 characters']],
    ['a\0', ['must have no NUL characters and no broken Unicode']],
    ['\ud83d', ['must have no NUL characters and no broken Unicode']],
  ])('has %j looked at: %j', (text, expected) => expect(problems(textParameter(3), text)).toEqual(expected));

  it('leaves a text as it came', () => expect(textParameter(9).parse(' a\n')).toBe(' a\n'));
});

describe(requiredText.name, () => {
  it('takes no empty text', () => expect(problems(requiredText(3), '')).toEqual(['must not be empty']));
});
