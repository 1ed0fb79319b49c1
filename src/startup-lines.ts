import { INSTALL_COMMAND, findChromium } from './browser/playwright/find-chromium';
import type { TokenSource } from './common/auth/token.service';
import { type Config, InvalidConfigError } from './config/config';
import { UPSTREAM_NAMES } from './config/upstreams';
import { driverCode, toDatabaseError } from './database/database.errors';
import { sqliteFile } from './database/data-source-options';

/** The first lines a person reads: where to look, with which token, and who serves. */
export function describeStart(config: Config, token: TokenSource | { kind: 'disabled' }, url: string): string {
  const base = url.replace('[::1]', 'localhost');
  const upstreams = UPSTREAM_NAMES.filter((name) => config.upstreams[name].url !== null);
  const file = sqliteFile(config.database.url);
  return [
    `Operator    ${base}`,
    `API docs    ${base}/docs`,
    `Token       ${describeToken(token)}`,
    `Engine      ${config.engines.map((name) => describeEngine(name, config)).join('; else ')}`,
    `Upstreams   ${upstreams.join(', ') || 'none (set SWITCH_URL, HERMES_URL and so on to see them)'}`,
    `Browser     ${describeBrowser(config)}`,
    `Database    ${file ? `SQLite, ${file}` : `PostgreSQL, ${new URL(config.database.url).host}`}`,
    '',
  ].join('\n');
}

/** A line for what its reader can mend, a setting or a resource; null for faults of ours, which want their stack. */
export function describeStartFailure(error: unknown): string | null {
  if (error instanceof InvalidConfigError) return error.message;
  const { code, path, port, message } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `OPERATOR_PORT: got "${port}", which another process listens on`;
  if (code === 'EACCES' && port) return `OPERATOR_PORT: got "${port}", which this user may not listen on`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST or DATABASE_URL: ${message}`;
  if (path && /^E(ACCES|ROFS|NOTDIR|EXIST|PERM)$/.test(code ?? '')) return `DATA_DIR: ${path} cannot be used (${code})`;
  if (/^SQLITE_/.test(driverCode(error))) return `DATABASE_URL: ${message} (${driverCode(error)})`;
  if (toDatabaseError(error) !== error) return `DATABASE_URL: the database cannot be reached (${driverCode(error)})`;
  return null;
}

function describeEngine(name: Config['engines'][number], { engines, openai, upstreams }: Config): string {
  switch (name) {
    case 'vx11':
      return `vx11, Switch at ${new URL(upstreams.switch.url!).host}`;
    case 'openai':
      return `openai, ${openai.model} at ${new URL(openai.baseUrl!).host}`;
    case 'embedded':
      return engines.length > 1 ? name : 'embedded (no language model: set SWITCH_URL or OPENAI_BASE_URL for one)';
  }
}

function describeBrowser({ browser }: Config): string {
  if (browser.engine === 'stub') return 'a stub, which opens nothing (BROWSER_IMPL=stub)';
  return findChromium(browser.executablePath) ?? `none (${INSTALL_COMMAND})`;
}

function describeToken(token: TokenSource | { kind: 'disabled' }): string {
  switch (token.kind) {
    case 'disabled':
      return 'none needed (ENABLE_AUTH=false)';
    case 'configured':
      return 'as configured (VX11_OPERATOR_TOKEN, VX11_TENTACULO_LINK_TOKEN, VX11_GATEWAY_TOKEN or API_TOKEN)';
    case 'generated':
      return token.isNew ? `${token.token} (kept in ${token.file})` : `in ${token.file}`;
  }
}
