import type { Redirect, RouteMatch, RouteRule } from '../../model/route.js';
import { numberOf, textOf } from '../../text-of.js';
import type { JsonObject } from '../json-document.js';
import { plainText } from './plugins.js';
import type { Reasons } from './reasons.js';

const KNOWN = new Set(['http_to_https', 'uri', 'ret_code', 'append_query_string', 'encode_uri']);
const CODES = new Set([301, 302, 303, 307, 308]);
const AT = 'redirect: ';

export type RedirectPlan =
  /** Every request is sent elsewhere. */
  | { readonly is: 'elsewhere'; readonly redirect: Redirect }
  /** Those that did not come by https are sent there. */
  | { readonly is: 'to_https' };

export function readRedirect(options: JsonObject, reasons: Reasons): RedirectPlan | undefined {
  reasons.onlyKnown(options, KNOWN, AT);
  const { http_to_https: toHttps, uri, ret_code: status = 302, append_query_string: append } = options;
  if (options.encode_uri === true) reasons.add(`${AT}"encode_uri" is not carried over`);
  if (toHttps === true) return { is: 'to_https' };
  if (typeof status !== 'number' || !CODES.has(status))
    reasons.add(`${AT}ret_code ${textOf(status)} is not carried over`);
  if (uri === undefined) {
    reasons.add(`${AT}it has neither "uri" nor "http_to_https"`);
    return undefined;
  }
  const place = readPlace(plainText(uri, `${AT}"uri"`, reasons), reasons);
  if (append === true && place.path?.includes('?'))
    reasons.add(`${AT}"append_query_string" to a uri that has a query is not carried over`);
  return {
    is: 'elsewhere',
    redirect: { status: numberOf(status), ...place, ...(append !== true && { strip_query: true }) },
  };
}

function readPlace(uri: string, reasons: Reasons): Redirect {
  if (uri.startsWith('/')) return { path: uri };
  const url = /^https?:\/\//.test(uri) && URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined) {
    reasons.add(`${AT}uri "${uri}" is neither a path nor an http URL`);
    return {};
  }
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
  return { scheme, host: url.hostname, port, path: url.pathname + url.search };
}

/** The rules that send to https what came by http: for GET and HEAD by 301, for the rest by 308, as APISIX does. */
export function httpsRules(rule: Pick<RouteRule, 'hosts' | 'path_priority' | 'match'>): readonly RouteRule[] {
  const { methods, ...match } = rule.match;
  const headers = { ...match.headers, 'x-forwarded-proto': { exact: 'https', invert: true } };
  const reads = ['GET', 'HEAD'].filter((method) => methods === undefined || methods.includes(method));
  const others = methods?.filter((method) => !reads.includes(method));
  const to = (status: number, which: RouteMatch['methods']): RouteRule => ({
    ...rule,
    match: { ...match, headers, ...(which !== undefined && { methods: which }) },
    redirect: { status, scheme: 'https', port: 443 },
  });
  return [
    ...(reads.length > 0 ? [to(301, reads)] : []),
    ...(others === undefined || others.length > 0 ? [to(308, others)] : []),
  ];
}
