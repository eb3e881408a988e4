import { RE2JS } from 're2js';
import { messageOf } from '../../errors.js';
import type { HeaderEdit, RouteRule, TextMatch } from '../../model/route.js';
import { encode } from '../../protobuf/messages.js';
import { violations } from '../../protobuf/rules.js';
import { envoyRoute } from './action.js';
import { formatRefusal } from './header-format.js';
import { regexSize } from './regex-size.js';
import { templateRefusal } from './template.js';

const ROUTE = 'envoy.config.route.v3.Route';
/** What protobuf's durations hold in Envoy, milliseconds. */
const LONGEST = 9_000_000_000_000;
/** Bytes of a direct response that Envoy takes. */
const LARGEST_BODY = 4_096;
const LONGEST_PARAMETER = 1_024;
/** A longer one would be refused for its size. Characters. */
const LONGEST_REGEX = 1_024;
/** RE2 instructions; Envoy's limit is 100, and a few are always there. */
const LARGEST_PROGRAM = 95;

/**
 * Why a rule must not reach Envoy: it refuses a whole route configuration for one rule that it does not take, and every
 * later one with it.
 */
export function refusalOf(rule: RouteRule): string | undefined {
  return checks(rule).find((reason) => reason !== undefined);
}

function checks(rule: RouteRule): readonly (string | undefined)[] {
  const { match, redirect, rewrite, headers, direct_response } = rule;
  return [
    ...(rule.hosts ?? []).map(hostRefusal),
    segmentsRefusal(match.prefix),
    match.regex === undefined ? undefined : regexRefusal(match.regex),
    match.template === undefined ? undefined : templateRefusal(match.template),
    ...Object.entries(match.headers ?? {}).map(textMatchRefusal),
    ...Object.entries(match.query ?? {}).flatMap((entry) => [
      textMatchRefusal(entry),
      parameterRefusal(...entry),
    ]),
    rewrite?.regex === undefined ? undefined : regexRefusal(rewrite.regex.pattern),
    redirect?.regex === undefined ? undefined : regexRefusal(redirect.regex.pattern),
    ...[
      ...[match.path, match.prefix, match.starts_with],
      ...[rewrite?.prefix, rewrite?.host, rewrite?.regex?.substitution],
      ...[redirect?.host, redirect?.path, redirect?.prefix, redirect?.regex?.substitution],
      ...(rule.weighted ?? []).map(({ host }) => host),
    ].map(lineRefusal),
    ...editRefusals(headers?.request),
    ...editRefusals(headers?.response),
    Buffer.byteLength(direct_response?.body ?? '') > LARGEST_BODY
      ? `the body of a direct response is at most ${LARGEST_BODY} bytes`
      : undefined,
    ...Object.entries(rule.retries?.headers ?? {}).map(textMatchRefusal),
    ...(rule.cors?.allow_origins ?? []).map(({ regex }) =>
      regex === undefined ? undefined : regexRefusal(regex),
    ),
    ...timesOf(rule).map((time = 0) => (time > LONGEST ? 'a time is longer than Envoy takes' : undefined)),
    envoyRefusal(rule),
  ];
}

function timesOf({
  timeout,
  idle_timeout,
  max_stream_duration,
  grpc_timeout,
  retries,
  rate_limit,
  fault,
}: RouteRule) {
  const tries = [retries?.per_try_timeout, retries?.per_try_idle_timeout];
  const waits = [retries?.backoff?.base, retries?.backoff?.max];
  return [
    timeout,
    idle_timeout,
    max_stream_duration,
    grpc_timeout,
    ...tries,
    ...waits,
    rate_limit?.per,
    fault?.delay?.time,
  ];
}

/** What Envoy's own rules say of a route that has parts of its own JSON over it. */
function envoyRefusal(rule: RouteRule): string | undefined {
  if (rule.envoy === undefined) return undefined;
  const [first] = violations(ROUTE, encode(ROUTE, envoyRoute(rule)));
  return first === undefined ? undefined : `envoy.${first.path.join('.')}: ${first.message}`;
}

/** RE2's syntax, which has no look-around and no back-references. */
export function regexRefusal(pattern: string): string | undefined {
  if (pattern.length > LONGEST_REGEX)
    return `a regular expression is at most ${LONGEST_REGEX} characters long, this one has ${pattern.length}`;
  // Estimated first: compiling a few repetitions of thousands takes a second.
  const size = regexSize(pattern);
  if (size > LARGEST_PROGRAM)
    return `"${pattern}" is too large a regular expression for Envoy: about ${size} of ${LARGEST_PROGRAM} instructions`;
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (thrown) {
    return `"${pattern}" is no regular expression for Envoy: ${messageOf(thrown)}`;
  }
}

function hostRefusal(host: string): string | undefined {
  if (!/^(\*|\*?[^*\s/]+|[^*\s/]+\*)$/.test(host)) return `"${host}" is no host`;
  // Ports are left out when hosts are compared, so that one with a port would never match.
  return /[^\]]:\d+$/.test(host) ? `host "${host}" stands without its port: every port is meant` : undefined;
}

function segmentsRefusal(prefix: string | undefined): string | undefined {
  if (prefix === undefined || !/[?#]/.test(prefix)) return undefined;
  return `"${prefix}" is no prefix: it has a "?" or a "#"`;
}

function textMatchRefusal([name, { regex }]: readonly [string, TextMatch]): string | undefined {
  if (/[\0\r\n]/.test(name)) return `"${name}" is no name`;
  return regex === undefined ? undefined : regexRefusal(regex);
}

function parameterRefusal(name: string, match: TextMatch): string | undefined {
  if (Buffer.byteLength(name) > LONGEST_PARAMETER)
    return `the name of a query parameter is at most ${LONGEST_PARAMETER} bytes`;
  if (match.invert === true && match.present === undefined)
    return `query parameter "${name}": "invert" goes with "present" only`;
  return undefined;
}

function lineRefusal(text: string | undefined): string | undefined {
  return text !== undefined && /[\0\r\n]/.test(text) ? `"${text}" has a line break` : undefined;
}

function editRefusals({
  if_absent = {},
  set = {},
  add = {},
  remove = [],
}: HeaderEdit = {}): readonly (string | undefined)[] {
  const entries = [if_absent, set, add].flatMap((values) => Object.entries(values));
  return [
    ...[...entries.map(([name]) => name), ...remove].map(headerNameRefusal),
    ...entries.flatMap(([, value]) => [lineRefusal(value), formatRefusal(value)]),
  ];
}

function headerNameRefusal(name: string): string | undefined {
  if (name.startsWith(':') || name.toLowerCase() === 'host')
    return `header "${name}" cannot be changed; "rewrite.host" changes the host`;
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) ? undefined : `"${name}" is no name of a header`;
}
