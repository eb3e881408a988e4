import type { Cors, TextMatch } from '../../../model/route.js';
import { textOf } from '../../../text-of.js';
import type { JsonObject } from '../../json-document.js';
import type { PluginContext } from './table.js';

const KNOWN = new Set([
  ...['allow_origins', 'allow_methods', 'allow_headers', 'expose_headers', 'max_age', 'allow_credential'],
  'allow_origins_by_regex',
]);
const AT = 'cors: ';
const ALL_METHODS = 'GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE';
/** Seconds. */
const MAX_AGE = 5;

export function readCors(options: JsonObject, { plan, reasons }: PluginContext): void {
  reasons.onlyKnown(options, KNOWN, AT);
  const { allow_headers: headers = '*', allow_methods: methods = '*', max_age: age = MAX_AGE } = options;
  if (headers === '**')
    reasons.add(`${AT}allow_headers "**" is not carried over: Envoy does not echo what a preflight asks for`);
  const exposed = list(options.expose_headers);
  const credentials = options.allow_credential === true;
  const cors: Cors = {
    allow_origins: origins(options, reasons.add.bind(reasons)),
    allow_methods: list(methods === '**' ? ALL_METHODS : methods),
    allow_headers: list(headers),
    ...(exposed.length > 0 && { expose_headers: exposed }),
    max_age: Math.max(0, Number(age)) * 1_000,
    ...(credentials && { allow_credentials: true }),
  };
  reasons.differs(
    `${AT}Envoy answers preflights of known origins only, and names the origin that asks where APISIX answers "*"`,
  );
  plan.addEverywhere({ cors });
}

function origins(options: JsonObject, add: (reason: string) => void): readonly TextMatch[] {
  const { allow_origins_by_regex: patterns, allow_origins: text = '*' } = options;
  if (Array.isArray(patterns))
    // A match anywhere, where Envoy asks for the whole text.
    return patterns.map((pattern) => ({ regex: `.*(?:${textOf(pattern)}).*` }));
  if (text === '*') return [{ exact: '*' }];
  if (text === '**') return [{ regex: '.*' }];
  const names = list(text);
  if (names.length === 0) add(`${AT}"allow_origins" is no list of origins`);
  return names.map((exact) => ({ exact }));
}

function list(text: unknown): readonly string[] {
  return typeof text === 'string'
    ? text
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== '')
    : [];
}
