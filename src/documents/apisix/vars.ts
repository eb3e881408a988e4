import type { TextMatch } from '../../model/route.js';
import { textOf } from '../../text-of.js';
import { ALWAYS, type Conditions, eachWithEach } from './conditions.js';
import type { Reasons } from './reasons.js';

const LOGIC = new Set(['AND', 'OR', '!AND', '!OR']);
/** Those of lua-resty-expr that compare what Envoy cannot. */
const NO_MATCHER: Readonly<Record<string, string>> = {
  has: 'Envoy knows no lists in a request',
  ipmatch: "Envoy's routes do not look at the client's address",
};

/**
 * An expression of lua-resty-expr as alternatives, of which any one is enough: `[["arg_a", "==", "b"], …]`, with `OR`, `AND`, `!OR`, `!AND`
 * in front. https://github.com/api7/lua-resty-expr
 * @param what the place in the document, for reasons
 */
export function readVars(vars: unknown, what: string, reasons: Reasons): readonly Conditions[] {
  if (vars === undefined) return [ALWAYS];
  if (!Array.isArray(vars)) {
    reasons.add(`${what} is no list`);
    return [];
  }
  return expression(vars, false, what, reasons);
}

function expression(
  list: readonly unknown[],
  turned: boolean,
  what: string,
  reasons: Reasons,
): readonly Conditions[] {
  const [first, ...rest] = list;
  if (typeof first === 'string' && !LOGIC.has(first)) return condition(list, turned, what, reasons);
  const word = typeof first === 'string' ? first : 'AND';
  const parts = typeof first === 'string' ? rest : list;
  const not = word.startsWith('!') !== turned;
  const any = word.endsWith('OR') !== not;
  const read = parts.map((part) => {
    if (Array.isArray(part)) return expression(part, not, what, reasons);
    reasons.add(`${what}: "${textOf(part)}" is no condition`);
    return [];
  });
  return any ? read.flat() : read.reduce((a, b) => eachWithEach(a, b, reasons), [ALWAYS]);
}

function condition(
  list: readonly unknown[],
  turned: boolean,
  what: string,
  reasons: Reasons,
): readonly Conditions[] {
  const [name, ...rest] = list;
  const negated = rest[0] === '!';
  const [operator, value] = negated ? rest.slice(1) : rest;
  const text = `${what}: ${JSON.stringify(list)}`;
  const found = matcher(textOf(operator), value, text, reasons);
  if (found === undefined) return [];
  const { invert = false, ...match } = found;
  const turn = [invert, negated, turned].filter(Boolean).length % 2 === 1;
  return placed(textOf(name), { ...match, ...(turn && { invert: true }) }, text, reasons);
}

/** What Envoy compares a text by; of other operators the reason is given. */
function matcher(operator: string, value: unknown, text: string, reasons: Reasons): TextMatch | undefined {
  const plain = isPlain(value) ? textOf(value) : undefined;
  switch (operator) {
    case '==':
      if (plain !== undefined) return { exact: plain };
      break;
    case '~=':
    case '!=':
      if (plain !== undefined) return { exact: plain, invert: true };
      break;
    case '~~':
    case '~*':
      // A match anywhere, where Envoy asks for the whole text.
      if (plain !== undefined) return { regex: `(?${operator === '~*' ? 'is' : 's'}).*(?:${plain}).*` };
      break;
    case 'in':
    case 'IN':
      if (Array.isArray(value) && value.length > 0 && value.every(isPlain))
        return { regex: value.map((one) => quoted(textOf(one))).join('|') };
      break;
    case '>':
    case '>=':
    case '<':
    case '<=': {
      const range = rangeOf(operator, plain);
      if (range !== undefined) return { range };
      break;
    }
  }
  const why = Object.hasOwn(NO_MATCHER, operator) ? NO_MATCHER[operator] : undefined;
  reasons.add(`${text} is not carried over${why === undefined ? '' : `: ${why}`}`);
  return undefined;
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** The whole numbers that compare so with a value; undefined for a value that is no number. */
function rangeOf(operator: string, value: string | undefined): TextMatch['range'] {
  const bound = Number(value);
  if (value === undefined || !/^-?\d+(\.\d+)?$/.test(value) || Math.abs(bound) >= Number.MAX_SAFE_INTEGER)
    return undefined;
  switch (operator) {
    case '>':
      return { start: Math.floor(bound) + 1 };
    case '>=':
      return { start: Math.ceil(bound) };
    case '<':
      return { end: Math.ceil(bound) };
    default:
      return { end: Math.floor(bound) + 1 };
  }
}

function placed(name: string, match: TextMatch, text: string, reasons: Reasons): readonly Conditions[] {
  const [, kind, key = ''] = /^(arg|http|cookie)_(.+)$/s.exec(name) ?? [];
  if (match.range !== undefined) {
    if (kind !== 'http') {
      reasons.add(`${text} is not carried over: Envoy compares numbers of headers alone`);
      return [];
    }
    reasons.differs(`${text}: Envoy compares whole numbers alone`);
  }
  if (kind === 'arg') {
    // Envoy looks at one value of a parameter, and cannot say "not".
    if (match.invert === true)
      reasons.add(`${text} is not carried over: Envoy cannot turn the match of a parameter round`);
    return [{ ...ALWAYS, query: { [key]: match } }];
  }
  if (kind === 'http') return [{ ...ALWAYS, headers: { [headerOf(key)]: match } }];
  const ofCookie = kind === 'cookie' ? cookie(key, match) : undefined;
  if (ofCookie !== undefined) return [{ ...ALWAYS, headers: { cookie: ofCookie } }];
  if (name === 'request_method') return [{ ...ALWAYS, headers: { ':method': match } }];
  reasons.add(`${text} is not carried over: Envoy's routes do not look at "${name}"`);
  return [];
}

/** nginx writes a header's name with underscores. */
export function headerOf(variable: string): string {
  return variable.toLowerCase().replaceAll('_', '-');
}

/** One cookie among those of the header; undefined for what is not a comparison with whole texts. */
function cookie(name: string, { exact, regex, invert }: TextMatch): TextMatch | undefined {
  if (exact === undefined && regex?.startsWith('(?') !== false) return undefined;
  const value = exact === undefined ? `(?:${regex ?? ''})` : quoted(exact);
  return { regex: `(?:.*;\\s*)?${quoted(name)}=${value}(?:;.*)?`, ...(invert === true && { invert }) };
}

export function quoted(text: string): string {
  return text.replace(/[.+*?^${}()|[\]\\]/g, '\\$&');
}
