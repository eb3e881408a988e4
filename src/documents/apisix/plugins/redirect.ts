import type { Redirect, RouteMatch, RouteRule } from '../../../model/route.js';
import { numberOf, textOf } from '../../../text-of.js';
import type { JsonObject } from '../../json-document.js';
import { ALWAYS } from '../conditions.js';
import type { Reasons } from '../reasons.js';
import { hasVariables } from '../variables.js';
import type { PluginContext } from './table.js';

const KNOWN = new Set(['http_to_https', 'uri', 'regex_uri', 'ret_code', 'append_query_string', 'encode_uri']);
const CODES = new Set([301, 302, 303, 307, 308]);
const AT = 'redirect: ';

export function readRedirect(options: JsonObject, { plan, reasons }: PluginContext): void {
  reasons.onlyKnown(options, KNOWN, AT);
  const { http_to_https: toHttps, uri, regex_uri: pair, ret_code: status = 302 } = options;
  if (options.encode_uri === true) reasons.add(`${AT}"encode_uri" is not carried over`);
  if (toHttps === true) {
    plan.toHttps = true;
    return;
  }
  if (typeof status !== 'number' || !CODES.has(status))
    reasons.add(`${AT}ret_code ${textOf(status)} is not carried over`);
  const append = options.append_query_string === true;
  const place = uri === undefined ? undefined : readPlace(textOf(uri), append, reasons);
  if (place === undefined) {
    reasons.add(
      pair === undefined
        ? `${AT}it has neither "uri" nor "http_to_https"`
        : `${AT}"regex_uri" is not carried over: what does not match it goes on to the upstream`,
    );
    return;
  }
  plan.answers.push({ when: [ALWAYS], rule: { redirect: { status: numberOf(status), ...place } } });
}

/** A path or a URL, with `$uri`, `$host` and `$request_uri` where Envoy can put them. */
function readPlace(uri: string, append: boolean, reasons: Reasons): Redirect {
  const [, scheme, authority = '', rest = ''] =
    /^(?:(https?):\/\/([^/$]+|\$host(?::\d+)?))?(.*)$/s.exec(uri) ?? [];
  const where = scheme === undefined ? {} : readAuthority(scheme, authority, uri, reasons);
  // All of it, the query too.
  if (/^\$(\{request_uri\}|request_uri)$/.test(rest) && scheme !== undefined) return where;
  const strip = append ? {} : { strip_query: true };
  if (append && rest.includes('?'))
    reasons.add(`${AT}"append_query_string" to a uri that has a query is not carried over`);
  const substitution = rest.replaceAll('\\', '\\\\').replace(/\$(\{uri\}|uri(?!\w))/g, '\\0');
  if (hasVariables(substitution)) reasons.add(`${AT}variables such as in "${uri}" are not carried over`);
  if (substitution === rest) {
    if (scheme === undefined && !rest.startsWith('/'))
      reasons.add(`${AT}uri "${uri}" is neither a path nor an http URL`);
    return { ...where, path: rest === '' ? '/' : rest, ...strip };
  }
  if (rest.includes('?')) reasons.add(`${AT}variables beside a query, as in "${uri}", are not carried over`);
  return { ...where, regex: { pattern: '^.*$', substitution }, ...strip };
}

function readAuthority(scheme: string, authority: string, uri: string, reasons: Reasons): Redirect {
  const [, host, port] = /^(.*?)(?::(\d+))?$/s.exec(authority) ?? [];
  const own = host === '$host';
  if (!own && !URL.canParse(`${scheme}://${authority}`)) reasons.add(`${AT}uri "${uri}" is no http URL`);
  return {
    scheme: scheme === 'https' ? 'https' : 'http',
    ...(!own && host !== undefined && { host }),
    port: port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port),
  };
}

/** The rules that send to https what came by http: for GET and HEAD by 301, for the rest by 308, as APISIX does. */
export function httpsRules(rule: RouteRule): readonly RouteRule[] {
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
