/** What a person types after `/browse`, as an address: most leave out how it begins. */
export function toPageUrl(argument: string): string {
  const text = argument.trim();
  return text === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
}
