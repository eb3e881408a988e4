import type { HeaderEdit, Rewrite } from '../../model/route.js';
import { literalFormat } from '../../resources/route/header-format.js';
import { textOf } from '../../text-of.js';
import { isObject, type JsonObject } from '../json-document.js';
import { plainText } from './plugins.js';
import type { Reasons } from './reasons.js';

const KNOWN = new Set(['uri', 'regex_uri', 'host', 'headers', 'scheme', 'use_real_request_uri_unsafe']);
const AT = 'proxy-rewrite: ';
/** A substitution of Envoy's names a group by one digit. */
const MOST_GROUPS = 9;

export interface ProxyRewrite {
  readonly rewrite: Rewrite;
  readonly headers: HeaderEdit | undefined;
}

export function readProxyRewrite(options: JsonObject, reasons: Reasons): ProxyRewrite {
  reasons.onlyKnown(options, KNOWN, AT);
  const { uri, regex_uri: pair, host, headers, scheme = 'http' } = options;
  if (scheme !== 'http') reasons.add(`${AT}scheme "${textOf(scheme)}" is not carried over`);
  const regex = uri !== undefined ? wholePath(uri, reasons) : pair !== undefined && regexUri(pair, reasons);
  return {
    rewrite: {
      ...(regex && { regex }),
      ...(host !== undefined && { host: plainText(host, `${AT}"host"`, reasons) }),
    },
    headers: headers === undefined ? undefined : readHeaders(headers, reasons),
  };
}

type Regex = NonNullable<Rewrite['regex']>;

function wholePath(uri: unknown, reasons: Reasons): Regex {
  const path = plainText(uri, `${AT}"uri"`, reasons);
  if (!path.startsWith('/')) reasons.add(`${AT}uri "${path}" does not begin with "/"`);
  if (/[?#]/.test(path)) reasons.add(`${AT}a uri with a query is not carried over`);
  return { pattern: '^.*$', substitution: path.replaceAll('\\', '\\\\') };
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
      literalFormat(plainText(value, `${AT}header "${name}"`, reasons)),
    ]),
  );
}
