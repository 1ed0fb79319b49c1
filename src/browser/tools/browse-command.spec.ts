import { toPageUrl } from './browse-command';

describe(toPageUrl.name, () => {
  it.each([
    ['https://example.com/', 'https://example.com/'],
    ['HTTP://example.com', 'HTTP://example.com'],
    ['  example.com/a?b \n', 'https://example.com/a?b'],
    ['example.com:8443/a', 'https://example.com:8443/a'],
    // To be refused by those who judge URLs, not to be made into something else.
    ['file:///etc/passwd', 'file:///etc/passwd'],
    ['javascript:alert(1)', 'https://javascript:alert(1)'],
    ['', ''],
    ['  ', ''],
  ])('of %j is %j', (argument, url) => expect(toPageUrl(argument)).toBe(url));
});
