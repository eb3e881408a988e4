import type { Route } from '../../generated/types/envoy/config/route/v3/Route.js';
import type { FaultDelay } from '../../generated/types/envoy/extensions/filters/common/fault/v3/FaultDelay.js';
import type { Cors, Fault, RouteRule } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';
import { CONSUMER_FILTERS, type ConsumerFilter } from '../consumers/filters.js';
import { protoDuration } from '../durations.js';
import { consumerConfig, switchedOn } from './auth.js';
import { clientAddresses } from './client-addresses.js';
import { luaOf } from './lua.js';
import { stringMatcher } from './match.js';
import { localRateLimit } from './rate-limit.js';

type Packed = ReturnType<typeof pack>;

/** An HTTP filter that a route brings a configuration for; it has an effect where the listener has the filter. */
export type RouteFilter =
  | 'envoy.filters.http.cors'
  | 'envoy.filters.http.fault'
  | 'envoy.filters.http.rbac'
  | ConsumerFilter
  | 'envoy.filters.http.local_ratelimit'
  | 'envoy.filters.http.grpc_web'
  | 'envoy.filters.http.lua';

export const CORS = 'envoy.filters.http.cors' satisfies RouteFilter;
export const FAULT = 'envoy.filters.http.fault' satisfies RouteFilter;
export const RBAC = 'envoy.filters.http.rbac' satisfies RouteFilter;
export const CONSUMERS = Object.keys(CONSUMER_FILTERS) as readonly ConsumerFilter[];
export const RATE_LIMIT = 'envoy.filters.http.local_ratelimit' satisfies RouteFilter;
export const GRPC_WEB = 'envoy.filters.http.grpc_web' satisfies RouteFilter;
export const LUA = 'envoy.filters.http.lua' satisfies RouteFilter;

/** What a rule says to each filter, in the order in which requests pass them. */
const CONFIGS: Readonly<
  Record<Exclude<RouteFilter, ConsumerFilter>, (rule: RouteRule) => Packed | undefined>
> = {
  [CORS]: ({ cors }) => cors && corsPolicy(cors),
  [FAULT]: ({ fault }) => fault && httpFault(fault),
  [RBAC]: ({ client_addresses }) => client_addresses && clientAddresses(client_addresses),
  [RATE_LIMIT]: ({ rate_limit }) => rate_limit && localRateLimit(rate_limit),
  [GRPC_WEB]: ({ grpc_web }) => (grpc_web === true ? switchedOn() : undefined),
  [LUA]: luaOf,
};

function configOf(filter: RouteFilter, rule: RouteRule): Packed | undefined {
  if (!isConsumerFilter(filter)) return CONFIGS[filter](rule);
  return rule.auth && consumerConfig(filter, rule.auth);
}

function isConsumerFilter(filter: RouteFilter): filter is ConsumerFilter {
  return Object.hasOwn(CONSUMER_FILTERS, filter);
}

const FILTERS: readonly RouteFilter[] = [CORS, FAULT, RBAC, ...CONSUMERS, RATE_LIMIT, GRPC_WEB, LUA];
export const ROUTE_FILTERS: ReadonlySet<RouteFilter> = new Set(FILTERS);

/** The filters that rules configure. */
export function filtersOf(rules: readonly RouteRule[]): ReadonlySet<RouteFilter> {
  return new Set(FILTERS.filter((name) => rules.some((rule) => configOf(name, rule) !== undefined)));
}

/** What a rule says to filters of its listener. */
export function filterConfigs(rule: RouteRule): Pick<Route, 'typed_per_filter_config'> {
  const configs = FILTERS.flatMap((name) => {
    const config = configOf(name, rule);
    return config === undefined ? [] : [[name, config] as const];
  });
  return configs.length === 0 ? {} : { typed_per_filter_config: Object.fromEntries(configs) };
}

function httpFault({ delay, abort }: Fault): Packed {
  const share = (percent: number) => ({
    numerator: Math.round(percent * 10_000),
    denominator: 'MILLION' as const,
  });
  const fixed: FaultDelay | undefined = delay && {
    fixed_delay: protoDuration(delay.time),
    percentage: share(delay.percent),
  };
  return pack('envoy.extensions.filters.http.fault.v3.HTTPFault', {
    ...(fixed !== undefined && { delay: fixed }),
    ...(abort !== undefined && { abort: { http_status: abort.status, percentage: share(abort.percent) } }),
  });
}

function corsPolicy(cors: Cors): Packed {
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
