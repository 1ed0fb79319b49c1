/** Ways by which a browser could be led to a server inside. `P` stands for its port. */

/** Spellings of this machine, and names that lead there; the resolver of the test knows those in `.test`. */
export const INNER_URLS: string[] = [
  'http://127.0.0.1:P/',
  'http://127.0.0.1.:P/',
  'http://127.1:P/',
  'http://127.0.1:P/',
  'http://127.255.255.254:P/',
  'http://2130706433:P/',
  'http://0x7f000001:P/',
  'http://0x7f.1:P/',
  'http://0X7F.0x0.0x0.0x1:P/',
  'http://0177.0.0.1:P/',
  'http://017700000001:P/',
  'http://0:P/',
  'http://0.0.0.0:P/',
  'http://１２７．０．０．１:P/',
  'http://127。0。0。1:P/',
  'http://localhost:P/',
  'http://LOCALHOST:P/',
  'http://localhost.:P/',
  'http://ip6-localhost:P/',
  'http://a.localhost:P/',
  'http://lｏcalhost:P/',
  'http://[::1]:P/',
  'http://[::]:P/',
  'http://[0:0:0:0:0:0:0:1]:P/',
  'http://[::ffff:127.0.0.1]:P/',
  'http://[::ffff:7f00:1]:P/',
  'http://[::127.0.0.1]:P/',
  'http://[64:ff9b::7f00:1]:P/',
  'http://[2002:7f00:1::]:P/',
  'https://127.0.0.1:P/',
  'https://[::1]:P/',
  'http://inner.test:P/',
  'https://inner.test:P/',
  'http://inner6.test:P/',
  'http://mapped.test:P/',
  'http://mixed.test:P/',
  'http://xn--mnchen-3ya.test:P/',
  'http://münchen.test:P/',
];

/** What may not be opened whatever is behind it. */
export const WRONG_URLS: [url: string, status: number, reason: string][] = [
  ['', 422, ''],
  [`http://example.com/${'a'.repeat(3_000)}`, 403, 'too_long'],
  ['javascript:fetch("http://127.0.0.1:P/")', 403, 'scheme'],
  ['file:///etc/passwd', 403, 'scheme'],
  ['view-source:http://127.0.0.1:P/', 403, 'scheme'],
  ['chrome://version', 403, 'scheme'],
  ['chrome://crash', 403, 'scheme'],
  ['about:blank', 403, 'scheme'],
  ['ftp://127.0.0.1:P/', 403, 'scheme'],
  ['data:text/html,<img src=http://127.0.0.1:P/>', 403, 'scheme'],
  ['blob:http://127.0.0.1:P/1', 403, 'scheme'],
  ['ws://127.0.0.1:P/', 403, 'scheme'],
  ['filesystem:http://127.0.0.1:P/x', 403, 'scheme'],
  ['http://user:password@example.com/', 403, 'credentials'],
  ['http://example.com@127.0.0.1:P/', 403, 'credentials'],
  ['http://169.254.169.254/latest/meta-data/', 403, 'metadata'],
  ['http://metadata.google.internal/', 403, 'inner_name'],
  ['http://example.com:22/', 403, 'port'],
  ['http://10.0.0.1/', 403, 'private'],
  ['http://192.168.0.1/', 403, 'private'],
  ['http://100.64.0.1/', 403, 'cgnat'],
  ['http://[fe80::1]/', 403, 'link_local'],
  ['http://[fd00::1]/', 403, 'unique_local'],
  ['http://224.0.0.1/', 403, 'multicast'],
  ['http:///', 403, 'malformed'],
  ['nonsense', 403, 'malformed'],
];

export interface Vector {
  name: string;
  /** The page's HTML. `to` is where it is to lead: `http://host:port/path`. */
  html: (to: string) => string;
  headers?: (to: string) => Record<string, string>;
  /** Works in a page of its own only, not in a frame. */
  isWhole?: boolean;
  /**
   * Whether it arrives where it may. Those that `never` do use what is switched off, or what Chromium itself refuses;
   * windows are closed as soon as they open, which `sometimes` is too late.
   */
  arrives?: 'never' | 'sometimes';
}

const js = (code: (to: string) => string) => (to: string) => `<script>${code(to)}</script>`;
const click = (markup: (to: string) => string) => (to: string) =>
  `${markup(to)}<script>document.querySelector('a,button').click()</script>`;
const inWorker = (code: (to: string) => string) => (to: string) =>
  `<script>new Worker(URL.createObjectURL(new Blob([${JSON.stringify(code(to))}])))</script>`;
const ws = (to: string) => to.replace(/^http/, 'ws');
const https = (to: string) => to.replace(/^http:/, 'https:');
const host = (to: string) => new URL(to).host;

/** What a page does to get there by itself. */
export const VECTORS: Vector[] = [
  { name: 'img', html: (to) => `<img src="${to}">` },
  { name: 'img srcset', html: (to) => `<img srcset="${to} 1x">` },
  { name: 'picture', html: (to) => `<picture><source srcset="${to}"><img></picture>` },
  { name: 'svg image', html: (to) => `<svg><image href="${to}" width="9" height="9"/></svg>` },
  { name: 'input image', html: (to) => `<input type="image" src="${to}">` },
  { name: 'iframe', html: (to) => `<iframe src="${to}"></iframe>` },
  { name: 'iframe sandbox', html: (to) => `<iframe sandbox src="${to}"></iframe>` },
  { name: 'iframe srcdoc', html: (to) => `<iframe srcdoc="<img src='${to}'>"></iframe>` },
  { name: 'iframe data', html: (to) => `<iframe src="data:text/html,<img src='${to}'>"></iframe>` },
  { name: 'frameset', html: (to) => `<iframe srcdoc="<frameset><frame src='${to}'></frameset>"></iframe>` },
  { name: 'object', html: (to) => `<object data="${to}"></object>` },
  { name: 'embed', html: (to) => `<embed src="${to}">` },
  { name: 'video', html: (to) => `<video src="${to}" preload="auto"></video>` },
  { name: 'video poster', html: (to) => `<video poster="${to}"></video>` },
  { name: 'audio', html: (to) => `<audio src="${to}" preload="auto"></audio>` },
  { name: 'script', html: (to) => `<script src="${to}"></script>` },
  { name: 'module', html: (to) => `<script type="module" src="${to}"></script>` },
  { name: 'import()', html: js((to) => `import("${to}").catch(() => 0)`) },
  { name: 'document.write', html: js((to) => `document.write('<img src="${to}">')`) },
  { name: 'stylesheet', html: (to) => `<link rel="stylesheet" href="${to}">` },
  { name: '@import', html: (to) => `<style>@import "${to}";</style>` },
  { name: 'css background', html: (to) => `<style>body { background: url("${to}") }</style>` },
  { name: 'css image-set', html: (to) => `<style>body { background: image-set("${to}" 1x) }</style>` },
  { name: 'css cursor', html: (to) => `<style>body { list-style: square url("${to}") }</style><li>x` },
  {
    name: 'font',
    html: (to) => `<style>@font-face { font-family: x; src: url("${to}") } p { font-family: x }</style><p>x`,
  },
  { name: 'preload', html: (to) => `<link rel="preload" as="image" href="${to}">` },
  { name: 'modulepreload', html: (to) => `<link rel="modulepreload" href="${to}">` },
  { name: 'prefetch', html: (to) => `<link rel="prefetch" href="${to}">`, isWhole: true },
  {
    name: 'preconnect',
    html: (to) => `<link rel="preconnect" href="${to}"><link rel="dns-prefetch" href="${to}">`,
    arrives: 'never',
  },
  { name: 'Link header', html: () => '<p>x', headers: (to) => ({ Link: `<${to}>; rel=preload; as=image` }) },
  { name: 'favicon', html: (to) => `<link rel="icon" href="${to}">`, isWhole: true, arrives: 'never' },
  { name: 'manifest', html: (to) => `<link rel="manifest" href="${to}">`, isWhole: true, arrives: 'never' },
  {
    name: 'speculation rules',
    html: (to) =>
      `<script type="speculationrules">{"prerender":[{"urls":["${to}"],"eagerness":"immediate"}],"prefetch":[{"urls":["${to}"],"eagerness":"immediate"}]}</script>`,
    isWhole: true,
  },
  { name: 'fetch', html: js((to) => `fetch("${to}").catch(() => 0)`) },
  {
    name: 'fetch no-cors',
    html: js((to) => `fetch("${to}", { mode: "no-cors", method: "POST", body: "x" }).catch(() => 0)`),
  },
  {
    name: 'fetch with preflight',
    html: js((to) => `fetch("${to}", { method: "PUT", headers: { "X-A": "1" } }).catch(() => 0)`),
  },
  { name: 'fetch keepalive', html: js((to) => `fetch("${to}", { mode: "no-cors", keepalive: true }).catch(() => 0)`) },
  { name: 'XMLHttpRequest', html: js((to) => `const x = new XMLHttpRequest(); x.open("GET", "${to}"); x.send()`) },
  {
    name: 'synchronous XMLHttpRequest',
    html: js((to) => `const x = new XMLHttpRequest(); x.open("GET", "${to}", false); try { x.send() } catch {}`),
  },
  { name: 'sendBeacon', html: js((to) => `navigator.sendBeacon("${to}", "x")`) },
  { name: 'EventSource', html: js((to) => `new EventSource("${to}")`) },
  { name: 'WebSocket', html: js((to) => `new WebSocket("${ws(to)}")`) },
  { name: 'WebSocket, secure', html: js((to) => `new WebSocket("${ws(https(to))}")`), arrives: 'never' },
  { name: 'Worker fetch', html: inWorker((to) => `fetch("${to}", { mode: "no-cors" }).catch(() => 0)`) },
  { name: 'Worker WebSocket', html: inWorker((to) => `new WebSocket("${ws(to)}")`) },
  { name: 'Worker importScripts', html: inWorker((to) => `importScripts("${to}")`) },
  {
    name: 'Worker of a Worker',
    html: inWorker((to) => `new Worker(URL.createObjectURL(new Blob(['fetch("${to}", { mode: "no-cors" })'])))`),
  },
  {
    name: 'SharedWorker',
    html: js((to) => `new SharedWorker(URL.createObjectURL(new Blob(['fetch("${to}", { mode: "no-cors" })'])))`),
  },
  {
    name: 'service worker',
    html: js((to) => `navigator.serviceWorker.register("/sw.js?to=" + encodeURIComponent("${to}")).catch(() => 0)`),
    arrives: 'never',
  },
  { name: 'worklet', html: js((to) => `CSS.paintWorklet?.addModule("${to}").catch(() => 0)`) },
  { name: 'meta refresh', html: (to) => `<meta http-equiv="refresh" content="0;url=${to}">` },
  { name: 'Refresh header', html: () => '<p>x', headers: (to) => ({ Refresh: `0;url=${to}` }) },
  { name: 'location', html: js((to) => `location = "${to}"`) },
  { name: 'location, the whole page', html: js((to) => `location = "${to}"`), isWhole: true },
  { name: 'history and location', html: js((to) => `history.pushState(0, "", "/x"); location.replace("${to}")`) },
  { name: 'form GET', html: (to) => `<form action="${to}"></form><script>document.forms[0].submit()</script>` },
  {
    name: 'form POST',
    html: (to) =>
      `<form method="post" action="${to}"><input name="a" value="b"></form><script>document.forms[0].submit()</script>`,
  },
  {
    name: 'form to a frame',
    html: (to) =>
      `<iframe name="f"></iframe><form target="f" action="${to}"></form><script>document.forms[0].submit()</script>`,
  },
  { name: 'link', html: click((to) => `<a href="${to}">x</a>`) },
  { name: 'link to a new window', html: click((to) => `<a href="${to}" target="_blank">x</a>`), arrives: 'sometimes' },
  { name: 'link to download', html: click((to) => `<a href="${to}" download>x</a>`), arrives: 'sometimes' },
  { name: 'link ping', html: click((to) => `<a href="#x" ping="${to}">x</a>`) },
  { name: 'window.open', html: js((to) => `open("${to}")`), arrives: 'sometimes' },
  {
    name: 'window.open, then location',
    html: js((to) => `const w = open("about:blank"); if (w) w.location = "${to}"`),
    arrives: 'sometimes',
  },
  {
    name: 'data link in a window',
    html: js((to) => `const w = open("about:blank"); w?.document.write('<img src="${to}">')`),
    arrives: 'sometimes',
  },
  { name: 'redirect of the page', html: () => '', headers: (to) => ({ Location: to }) },
  { name: 'redirect of an image', html: (to) => `<img src="/to?${encodeURIComponent(to)}">` },
  {
    name: 'redirect of a redirect',
    html: (to) => `<iframe src="/to?${encodeURIComponent(`/to?${encodeURIComponent(to)}`)}"></iframe>`,
  },
  { name: 'redirect of a script', html: (to) => `<script src="/to?${encodeURIComponent(to)}"></script>` },
  {
    name: 'redirect of a fetch',
    html: js((to) => `fetch("/to?" + encodeURIComponent("${to}"), { mode: "no-cors" }).catch(() => 0)`),
  },
  {
    name: 'redirect of a Worker',
    html: js((to) => `new Worker("/to?" + encodeURIComponent("${to}"))`),
    arrives: 'never',
  },
  { name: 'redirect of an EventSource', html: js((to) => `new EventSource("/to?" + encodeURIComponent("${to}"))`) },
  { name: 'redirect of a stylesheet', html: (to) => `<link rel="stylesheet" href="/to?${encodeURIComponent(to)}">` },
  {
    name: 'CSP report',
    html: () => '<img src="/x.png">',
    headers: (to) => ({ 'Content-Security-Policy': `img-src 'none'; report-uri ${to}` }),
  },
  {
    name: 'Reporting API',
    html: () => '<img src="/x.png">',
    headers: (to) => ({
      'Reporting-Endpoints': `a="${https(to)}"`,
      'Content-Security-Policy': "img-src 'none'; report-to a",
    }),
    arrives: 'never',
  },
  {
    name: 'NEL',
    html: () => '<p>x',
    headers: (to) => ({
      NEL: '{"report_to":"a","max_age":100,"success_fraction":1}',
      'Report-To': `{"group":"a","max_age":100,"endpoints":[{"url":"${https(to)}"}]}`,
    }),
    arrives: 'never',
  },
  {
    name: 'WebTransport',
    html: js((to) => `try { new WebTransport("${https(to)}").ready.catch(() => 0) } catch {}`),
    arrives: 'never',
  },
  {
    name: 'WebRTC STUN',
    html: js(
      (to) =>
        `const p = new RTCPeerConnection({ iceServers: [{ urls: "stun:${host(to)}" }] }); p.createDataChannel("x"); p.createOffer().then((o) => p.setLocalDescription(o))`,
    ),
    arrives: 'never',
  },
  {
    name: 'WebRTC TURN over TCP',
    html: js(
      (to) =>
        `const p = new RTCPeerConnection({ iceServers: [{ urls: "turn:${host(to)}?transport=tcp", username: "a", credential: "b" }] }); p.createDataChannel("x"); p.createOffer().then((o) => p.setLocalDescription(o))`,
    ),
    arrives: 'never',
  },
  {
    name: 'WebRTC to a peer',
    html: js(
      (to) => `(async () => {
        const a = new RTCPeerConnection(), b = new RTCPeerConnection();
        a.createDataChannel("x");
        await a.setLocalDescription(await a.createOffer()); await b.setRemoteDescription(a.localDescription);
        await b.setLocalDescription(await b.createAnswer()); await a.setRemoteDescription(b.localDescription);
        const [ip, port] = "${host(to)}".split(":");
        for (const kind of ["udp", "tcp"]) await a.addIceCandidate({ candidate: "candidate:1 1 " + kind + " 2122260223 " + ip + " " + port + " typ host" + (kind === "tcp" ? " tcptype passive" : ""), sdpMid: "0" });
      })().catch(() => 0)`,
    ),
    arrives: 'never',
  },
  { name: 'file frame', html: () => '<iframe src="file:///etc/passwd"></iframe>', arrives: 'never' },
  { name: 'view-source link', html: click((to) => `<a href="view-source:${to}">x</a>`), arrives: 'never' },
];
