/**
 * Arguments as they can be shown to an engine again: what is no JSON of an object is left out, since servers that read
 * what they once wrote refuse the whole conversation over it.
 */
export function jsonArguments(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? text : '{}';
  } catch {
    return '{}';
  }
}
