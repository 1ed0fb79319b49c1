/** Text from elsewhere as every database can hold it: NUL and half a surrogate pair are marked as lost. */
export const storable = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD');

/** The same, for one line of bounded length: a name, a version, a word. */
export const label = (text: string, maxLength: number): string =>
  storable(text)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, maxLength)
    .toWellFormed();

/** What another service says about itself, without what looks like an address, a path or a token. */
export const remark = (text: string, maxLength: number): string =>
  label(text.slice(0, 1_000).replace(/(?=\S*\d)\S{16,}/g, '…'), maxLength);
