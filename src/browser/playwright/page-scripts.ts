import { readFileSync } from 'node:fs';

/** What runs inside a page, as the text that the browser is given. Each is an expression. */

const TITLE_MAX = 500;
/** Longer documents are not searched for their article: it would take minutes. */
const ELEMENTS_MAX = 50_000;

/** `{ title, text, url }` of any document, also of one that is no HTML. */
export const READ = (textMax: number): string => `(() => {
  const text = document.body ? document.body.innerText : (document.documentElement?.textContent ?? '');
  return { title: String(document.title).slice(0, ${TITLE_MAX}), text: text.slice(0, ${textMax}), url: location.href };
})()`;

/** As far as it is looked at here: the types of documents are not a server's. */
interface PageElement {
  querySelectorAll(selector: string): Iterable<PageElement>;
  readonly innerText?: unknown;
  readonly outerHTML?: unknown;
  readonly href?: unknown;
}

/** What the browser library takes as functions of an element, which it calls in the page. They can see nothing else. */

export const LINKS_OF = (root: PageElement, max: number): { text: string; href: string }[] =>
  [...root.querySelectorAll('a[href], area[href]')].slice(0, max).map((link: PageElement) => ({
    text: String(link.innerText ?? '')
      .trim()
      .slice(0, 200),
    href: String(link.href).slice(0, 2_048),
  }));

export const HTML_OF = (root: PageElement, max: number): string => String(root.outerHTML).slice(0, max);

/** Scrolls and answers where that led. */
export const SCROLL_BY = (y: number | undefined): string =>
  `(scrollBy({ top: ${y ?? 'innerHeight'}, behavior: 'instant' }), Math.round(scrollY))`;

/** The page's article, or the HTML that is given, as Markdown. Wants the libraries. */
export const MARKDOWN = (html: string | null, max: number): string => `(() => {
  const html = ${JSON.stringify(html)};
  const given = html === null ? null : new DOMParser().parseFromString(html, 'text/html').body;
  const options = { maxElemsToParse: ${ELEMENTS_MAX} };
  const article = given ? null : new Readability(document.cloneNode(true), options).parse();
  const turndown = new TurndownService({ headingStyle: 'atx', codeBlockStyle: 'fenced' });
  turndown.remove(['script', 'style', 'noscript', 'template']);
  const title = article?.title ? '# ' + article.title + '\\n\\n' : '';
  return (title + turndown.turndown(given ?? article?.content ?? document.body ?? '')).slice(0, ${max});
})()`;

let librariesText: string | undefined;

/** Made for browsers, where a document is. Read when they are first wanted. */
export function libraries(): string {
  return (librariesText ??= [
    asGlobal('Readability', '@mozilla/readability/Readability.js'),
    asGlobal('TurndownService', 'turndown/lib/turndown.browser.cjs.js'),
  ].join('\n'));
}

const asGlobal = (name: string, path: string): string =>
  `globalThis.${name} = (() => { const module = { exports: {} };
${readFileSync(require.resolve(path), 'utf8')}
return module.exports; })();`;
