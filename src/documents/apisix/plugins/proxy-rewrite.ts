import type { HeaderEdit, Rewrite } from '../../../model/route.js';
import { textOf } from '../../../text-of.js';
import { isObject, type JsonObject } from '../../json-document.js';
import type { Reasons } from '../reasons.js';
import { hasVariables, headerFormat, plainText } from '../variables.js';
import type { PluginContext } from './table.js';

const KNOWN = new Set([
  'uri',
  'regex_uri',
  'host',
  'headers',
  'method',
  'scheme',
  'use_real_request_uri_unsafe',
]);
const AT = 'proxy-rewrite: ';
/** A substitution of Envoy's names a group by one digit. */
const MOST_GROUPS = 9;

/** Those that APISIX can set. */
const METHODS = new Set([
  ...[
    'GET',
    'POST',
    'PUT',
    'HEAD',
    'DELETE',
    'OPTIONS',
    'MKCOL',
    'COPY',
    'MOVE',
    'PROPFIND',
    'LOCK',
    'UNLOCK',
  ],
  ...['PATCH', 'TRACE'],
]);

export function readProxyRewrite(options: JsonObject, { plan, reasons }: PluginContext): void {
  reasons.onlyKnown(options, KNOWN, AT);
  const { uri, regex_uri: pair, host, headers, method, scheme = 'http' } = options;
  if (scheme !== 'http') reasons.add(`${AT}scheme "${textOf(scheme)}" is not carried over`);
  if (options.use_real_request_uri_unsafe === true)
    reasons.add(`${AT}"use_real_request_uri_unsafe" is not carried over: Envoy's listener makes paths plain`);
  if (method !== undefined && !METHODS.has(textOf(method)))
    reasons.add(`${AT}method "${textOf(method)}" is none`);
  const regex = uri !== undefined ? wholePath(uri, reasons) : pair !== undefined && regexUri(pair, reasons);
  const rewrite: Rewrite = {
    ...(regex && { regex }),
    ...(host !== undefined && { host: plainText(host, `${AT}"host"`, reasons) }),
    ...(method !== undefined && { method: textOf(method) }),
  };
  if (Object.keys(rewrite).length > 0) plan.addForward({ rewrite });
  const edit = headers === undefined ? undefined : readHeaders(headers, reasons);
  if (edit !== undefined) plan.addRequestHeaders(edit);
}

type Regex = NonNullable<Rewrite['regex']>;

function wholePath(uri: unknown, reasons: Reasons): Regex {
  const text = textOf(uri);
  // The path itself is the whole match.
  const substitution = text.replaceAll('\\', '\\\\').replace(/\$(\{uri\}|uri\b)/g, '\\0');
  if (hasVariables(substitution)) reasons.add(`${AT}variables such as in "${text}" are not carried over`);
  if (!text.startsWith('/')) reasons.add(`${AT}uri "${text}" does not begin with "/"`);
  if (/[?#]/.test(text)) reasons.add(`${AT}a uri with a query is not carried over`);
  return { pattern: '^.*$', substitution };
}

/** The first match is replaced, as nginx does; Envoy by itself would replace all of them. */
function regexUri(pair: unknown, reasons: Reasons): Regex | undefined {
  if (!Array.isArray(pair) || pair.length !== 2 || pair.some((part) => typeof part !== 'string')) {
    reasons.add(`${AT}"regex_uri" is carried over as one pair of a pattern and a template`);
    return undefined;
  }
  const [pattern, template] = pair.map(String);
  if (pattern === undefined || template === undefined) return undefined;
  const anchored = pattern.startsWith('^') && !pattern.includes('|');
  // Two groups stand before the pattern's own where it may match anywhere: what comes before, and the whole match.
  const shift = anchored ? 0 : 2;
  const substitution = template
    .replaceAll('\\', '\\\\')
    .replace(/\$(?:\{(\d+)\}|(\d+))/g, (_text, braced: string | undefined, bare = '') => {
      const group = Number(braced ?? bare) + shift;
      if (group > MOST_GROUPS) reasons.add(`${AT}"${template}" refers to more groups than Envoy has`);
      return `\\${group}`;
    });
  if (substitution.includes('$')) reasons.add(`${AT}variables such as in "${template}" are not carried over`);
  return anchored
    ? { pattern, substitution }
    : { pattern: `^(.*?)(${pattern})`, substitution: `\\1${substitution}` };
}

/** `{ set, add, remove }`, or the older flat form, in which an empty text takes a header away. */
function readHeaders(headers: unknown, reasons: Reasons): HeaderEdit | undefined {
  if (!isObject(headers)) {
    reasons.add(`${AT}"headers" is no object`);
    return undefined;
  }
  if (Object.keys(headers).length === 0) return undefined;
  const { set, add, remove } = headers;
  const edits = isObject(set) || isObject(add) || Array.isArray(remove);
  if (!edits) {
    const entries = Object.entries(headers);
    const kept = entries.filter(([, value]) => value !== '');
    return {
      set: values(Object.fromEntries(kept), reasons),
      remove: entries.filter(([, value]) => value === '').map(([name]) => name),
    };
  }
  reasons.onlyKnown(headers, new Set(['set', 'add', 'remove']), `${AT}headers: `);
  return {
    ...(isObject(set) && { set: values(set, reasons) }),
    ...(isObject(add) && { add: values(add, reasons) }),
    ...(Array.isArray(remove) && { remove: remove.map(String) }),
  };
}

function values(given: JsonObject, reasons: Reasons): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      headerFormat(value, 'request', `${AT}header "${name}"`, reasons),
    ]),
  );
}
