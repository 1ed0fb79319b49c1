/** The beginning of a text that has at most so many bytes of UTF-8, a fraction or not, and ends between two characters. */
export function excerpt(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = Math.floor(maxBytes);
  while (end > 0 && (bytes[end]! & 0b1100_0000) === 0b1000_0000) end--;
  return bytes.subarray(0, end).toString();
}
