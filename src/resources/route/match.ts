import type { HeaderMatcher } from '../../generated/types/envoy/config/route/v3/HeaderMatcher.js';
import type { QueryParameterMatcher } from '../../generated/types/envoy/config/route/v3/QueryParameterMatcher.js';
import type { RouteMatch as EnvoyMatch } from '../../generated/types/envoy/config/route/v3/RouteMatch.js';
import type { StringMatcher } from '../../generated/types/envoy/type/matcher/v3/StringMatcher.js';
import type { RouteMatch, TextMatch } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';

export function envoyMatch(match: RouteMatch): EnvoyMatch {
  const headers = [
    ...methodMatchers(match.methods),
    ...Object.entries(match.headers ?? {}).map(headerMatcher),
  ];
  const query = Object.entries(match.query ?? {}).map(queryMatcher);
  return {
    ...pathMatch(match),
    ...(headers.length > 0 && { headers }),
    ...(query.length > 0 && { query_parameters: query }),
    ...(match.grpc === true && { grpc: {} }),
  };
}

function pathMatch({ path, prefix, starts_with, regex, template }: RouteMatch): EnvoyMatch {
  if (starts_with !== undefined) return { prefix: starts_with };
  if (path !== undefined) return { path };
  if (regex !== undefined) return { safe_regex: { regex } };
  if (template !== undefined) {
    const typed_config = pack('envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig', {
      path_template: template,
    });
    return {
      path_match_policy: { name: 'envoy.path.match.uri_template.uri_template_matcher', typed_config },
    };
  }
  // `/user` means the segment: /user and /user/1, not /users.
  return prefix === undefined || prefix.endsWith('/')
    ? { prefix: prefix ?? '/' }
    : { path_separated_prefix: prefix };
}

function methodMatchers(methods: readonly string[] | undefined): readonly HeaderMatcher[] {
  if (methods === undefined) return [];
  const string_match: StringMatcher =
    methods.length === 1
      ? { exact: methods[0] ?? '' }
      : { safe_regex: { regex: [...methods].sort().join('|') } };
  return [{ name: ':method', string_match }];
}

export function headerMatcher([name, match]: readonly [string, TextMatch]): HeaderMatcher {
  const invert = match.invert === true && { invert_match: true };
  if (match.present !== undefined) return { name, present_match: match.present, ...invert };
  // By itself Envoy takes a request without the header for neither the match nor its opposite.
  const missing = match.invert === true && { treat_missing_header_as_empty: true };
  if (match.range !== undefined) {
    const { start = LEAST, end = MOST } = match.range;
    return { name, range_match: { start, end }, ...invert, ...missing };
  }
  return { name, string_match: stringMatcher(match), ...invert, ...missing };
}

/** The bounds of an int64. */
const LEAST = '-9223372036854775808';
const MOST = '9223372036854775807';

function queryMatcher([name, match]: readonly [string, TextMatch]): QueryParameterMatcher {
  // Envoy cannot turn the match of a parameter round; of its presence it can be said the other way.
  if (match.present !== undefined) return { name, present_match: match.present !== (match.invert === true) };
  return { name, string_match: stringMatcher(match) };
}

export function stringMatcher(match: TextMatch): StringMatcher {
  const { exact, prefix, suffix, contains, regex, ignore_case } = match;
  if (regex !== undefined) return { safe_regex: { regex } };
  return {
    ...textOf({ exact, prefix, suffix, contains }),
    ...(ignore_case === true && { ignore_case: true }),
  };
}

function textOf({ exact, prefix, suffix, contains }: TextMatch): StringMatcher {
  if (prefix !== undefined) return { prefix };
  if (suffix !== undefined) return { suffix };
  if (contains !== undefined) return { contains };
  return { exact: exact ?? '' };
}
