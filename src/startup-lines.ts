import type { TokenSource } from './common/auth/token.service';
import type { Config } from './config/config';
import { sqliteFile } from './database/data-source-options';

/** The first lines a person reads: where to look, with which token, and who serves. */
export function describeStart(config: Config, token: TokenSource | { kind: 'disabled' }, url: string): string {
  const base = url.replace('[::1]', 'localhost');
  const engine =
    config.engine === 'vx11'
      ? `vx11, Switch at ${config.switch.url}`
      : 'embedded (no language model: set SWITCH_URL for one)';
  const file = sqliteFile(config.database.url);
  return [
    `Operator    ${base}`,
    `API docs    ${base}/docs`,
    `Token       ${describeToken(token)}`,
    `Engine      ${engine}`,
    `Database    ${file ? `SQLite, ${file}` : `PostgreSQL, ${new URL(config.database.url).host}`}`,
    '',
  ].join('\n');
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
