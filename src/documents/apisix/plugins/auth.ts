import type { Auth } from '../../../model/route.js';
import { textOf } from '../../../text-of.js';
import type { JsonObject } from '../../json-document.js';
import type { Reasons } from '../reasons.js';
import type { PluginContext } from './table.js';

const COMMON = ['hide_credentials', 'realm', 'anonymous_consumer'];
const OF_KEY = new Set([...COMMON, 'header', 'query']);
const OF_BASIC = new Set(COMMON);
const OF_JWT = new Set([
  ...COMMON,
  ...['header', 'query', 'cookie', 'key_claim_name', 'store_in_ctx', 'claims_to_verify'],
]);

export function readKeyAuth(options: JsonObject, { plan, reasons }: PluginContext): void {
  const at = 'key-auth: ';
  reasons.onlyKnown(options, OF_KEY, at);
  common(options, at, reasons);
  const header = headerName(options.header ?? 'apikey', at, reasons);
  const query = parameterName(options.query ?? 'apikey', `${at}"query"`, reasons);
  reasons.differs(`${at}Envoy answers 401 with "Client authentication failed.", without WWW-Authenticate`);
  plan.addAuth({ api_key: { header, query, ...hide(options) } });
}

export function readBasicAuth(options: JsonObject, { plan, reasons }: PluginContext): void {
  const at = 'basic-auth: ';
  reasons.onlyKnown(options, OF_BASIC, at);
  common(options, at, reasons);
  reasons.differs(`${at}Envoy's 401 has a text of its own, and the URL as its realm`);
  plan.addAuth({ basic: hide(options) });
}

export function readJwtAuth(options: JsonObject, { plan, reasons }: PluginContext): void {
  const at = 'jwt-auth: ';
  reasons.onlyKnown(options, OF_JWT, at);
  common(options, at, reasons);
  const { key_claim_name: claim = 'key', store_in_ctx: stored = false } = options;
  if (stored !== false) reasons.add(`${at}"store_in_ctx" is not carried over: no plugin here reads it`);
  if (options.claims_to_verify !== undefined)
    reasons.differs(`${at}Envoy checks "exp" and "nbf", whatever "claims_to_verify" names`);
  reasons.differs(
    `${at}every token that a request has must be right, and a token counts for 1 s after its end`,
  );
  if (options.hide_credentials === true) reasons.differs(`${at}a token in a cookie is not hidden`);
  plan.addAuth({
    token: {
      header: headerName(options.header ?? 'authorization', at, reasons),
      query: parameterName(options.query ?? 'jwt', `${at}"query"`, reasons),
      cookie: parameterName(options.cookie ?? 'jwt', `${at}"cookie"`, reasons),
      ...(claim !== 'key' && { claim: textOf(claim) }),
      ...hide(options),
    },
  });
}

function common({ anonymous_consumer, realm }: JsonObject, at: string, reasons: Reasons): void {
  if (anonymous_consumer !== undefined)
    reasons.add(
      `${at}"anonymous_consumer" is not carried over: Envoy answers 401 where nobody proves to be a consumer`,
    );
  if (realm !== undefined) reasons.differs(`${at}"realm" is not sent`);
}

function hide({ hide_credentials: hidden = false }: JsonObject): NonNullable<Auth['basic']> {
  return hidden === true ? { hide: true } : {};
}

function headerName(given: unknown, at: string, reasons: Reasons): string {
  const name = textOf(given);
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) reasons.add(`${at}"header" is no name of a header`);
  return name.toLowerCase();
}

function parameterName(given: unknown, what: string, reasons: Reasons): string {
  const name = textOf(given);
  if (!/^[\w.~-]+$/.test(name)) reasons.add(`${what} "${name}" is not carried over`);
  return name;
}
