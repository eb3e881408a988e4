import type { Route } from '../../generated/types/envoy/config/route/v3/Route.js';
import type { StatusCode } from '../../generated/types/envoy/type/v3/StatusCode.js';
import type { Cors, RateLimit, RouteRule } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';
import { protoDuration } from '../durations.js';
import { stringMatcher } from './match.js';

export const CORS = 'envoy.filters.http.cors';
export const RATE_LIMIT = 'envoy.filters.http.local_ratelimit';
/** An HTTP filter that a route brings a configuration for; it has an effect where the listener has the filter. */
export type RouteFilter = typeof CORS | typeof RATE_LIMIT;
export const ROUTE_FILTERS: ReadonlySet<RouteFilter> = new Set([CORS, RATE_LIMIT]);

/** The filters that rules configure. */
export function filtersOf(rules: readonly RouteRule[]): ReadonlySet<RouteFilter> {
  return new Set(
    rules.flatMap((rule): readonly RouteFilter[] => [
      ...(rule.cors === undefined ? [] : ([CORS] as const)),
      ...(rule.rate_limit === undefined ? [] : ([RATE_LIMIT] as const)),
    ]),
  );
}

/** What a rule says to filters of its listener. */
export function filterConfigs({ cors, rate_limit }: RouteRule): Pick<Route, 'typed_per_filter_config'> {
  const configs = {
    ...(cors !== undefined && { [CORS]: corsPolicy(cors) }),
    ...(rate_limit !== undefined && { [RATE_LIMIT]: localRateLimit(rate_limit) }),
  };
  return Object.keys(configs).length === 0 ? {} : { typed_per_filter_config: configs };
}

/** Envoy counts in a bucket of tokens; by itself it would neither look at it nor act upon it. */
export function localRateLimit({ requests, per, burst, status, headers }: RateLimit) {
  return pack('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: 'local_rate_limit',
    token_bucket: {
      max_tokens: burst ?? requests,
      tokens_per_fill: { value: requests },
      fill_interval: protoDuration(per),
    },
    filter_enabled: ALWAYS,
    filter_enforced: ALWAYS,
    ...(status !== undefined && { status: { code: status as StatusCode } }),
    ...(headers === true && { enable_x_ratelimit_headers: 'DRAFT_VERSION_03' as const }),
    // What a gRPC client understands as "too many"; without it, as "unavailable".
    rate_limited_as_resource_exhausted: true,
  });
}

const ALWAYS = { default_value: { numerator: 100, denominator: 'HUNDRED' as const } };

function corsPolicy(cors: Cors) {
  const { allow_origins, allow_methods, allow_headers, expose_headers, max_age, allow_credentials } = cors;
  return pack('envoy.extensions.filters.http.cors.v3.CorsPolicy', {
    allow_origin_string_match: allow_origins.map(stringMatcher),
    ...(allow_methods !== undefined && { allow_methods: allow_methods.join(', ') }),
    ...(allow_headers !== undefined && { allow_headers: allow_headers.join(', ') }),
    ...(expose_headers !== undefined && { expose_headers: expose_headers.join(', ') }),
    ...(max_age !== undefined && { max_age: String(Math.floor(max_age / 1_000)) }),
    ...(allow_credentials !== undefined && { allow_credentials: { value: allow_credentials } }),
  });
}
