/** Most of what is shown before the place. */
const BEFORE = 60;

/** One line of a text, `maxLength` characters at most, of where `query` stands in it, whatever its case. */
export function around(text: string, query: string, maxLength: number): string {
  const line = inOneLine(text);
  if (line.length <= maxLength) return line;
  const sought = inOneLine(query).toLowerCase();
  // The database has its own idea of case: what it has found may not be found again.
  const place = Math.max(0, line.toLowerCase().indexOf(sought));
  const room = maxLength - 2;
  const before = Math.min(BEFORE, Math.max(0, Math.floor((room - sought.length) / 2)));
  const from = Math.max(0, Math.min(place - before, line.length - room));
  const shown = whole(line.slice(from, from + room));
  return `${from > 0 ? '…' : ''}${shown}${from + room < line.length ? '…' : ''}`;
}

const inOneLine = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Without half a character at either end. */
const whole = (text: string): string => text.replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, '');
