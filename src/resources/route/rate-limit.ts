import type { RateLimit as EnvoyRateLimit } from '../../generated/types/envoy/config/route/v3/RateLimit.js';
import type { RouteAction } from '../../generated/types/envoy/config/route/v3/RouteAction.js';
import type { StatusCode } from '../../generated/types/envoy/type/v3/StatusCode.js';
import type { TokenBucket } from '../../generated/types/envoy/type/v3/TokenBucket.js';
import type { RateLimit } from '../../model/route.js';
import { pack } from '../../protobuf/messages.js';
import { lengthDelimited, varint } from '../../protobuf/wire.js';
import { protoDuration } from '../durations.js';

type Action = NonNullable<EnvoyRateLimit['actions']>[number];

/** Of its own, so that a filter for Envoy's rate limit service that somebody puts in does not take these. */
const STAGE = 10;
/** How many clients each Envoy remembers for one route; the one that was not seen for longest is forgotten first. */
const MOST_COUNTED = 10_000;
/** `max_dynamic_descriptors` of a local rate limit, which is newer than the protos here; older proxies pass over it. */
const MOST_COUNTED_FIELD = 18;
/** Tokens in the bucket behind those of the clients, which takes every request: far more than there are. */
const UNLIMITED: TokenBucket = {
  max_tokens: 4_000_000_000,
  tokens_per_fill: { value: 4_000_000_000 },
  fill_interval: { seconds: 1 },
};
const ALWAYS = { default_value: { numerator: 100, denominator: 'HUNDRED' as const } };

/** A local rate limit with a token bucket. Envoy neither checks nor enforces it unless both are enabled. */
export function localRateLimit({ requests, per, burst, status, headers, by = [] }: RateLimit) {
  const bucket: TokenBucket = {
    max_tokens: burst ?? requests,
    tokens_per_fill: { value: requests },
    fill_interval: protoDuration(per),
  };
  const packed = pack('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: 'local_rate_limit',
    token_bucket: by.length === 0 ? bucket : UNLIMITED,
    filter_enabled: ALWAYS,
    filter_enforced: ALWAYS,
    ...(status !== undefined && { status: { code: status as StatusCode } }),
    ...(headers === true && { enable_x_ratelimit_headers: 'DRAFT_VERSION_03' as const }),
    // What a gRPC client understands as "too many"; without it, as "unavailable".
    rate_limited_as_resource_exhausted: true,
    ...(by.length > 0 && {
      stage: STAGE,
      descriptors: keysOf(by).map((parts) => ({
        entries: parts.map(({ key, value = '' }) => ({ key, value })),
        token_bucket: bucket,
      })),
    }),
  });
  if (by.length === 0) return packed;
  const most = lengthDelimited(MOST_COUNTED_FIELD, varint(1, MOST_COUNTED));
  return { ...packed, value: Buffer.concat([packed.value, most]) };
}

/** The rate limit actions of a route. */
export function rateLimitActions({ by = [] }: RateLimit): Pick<RouteAction, 'rate_limits'> {
  if (by.length === 0) return {};
  return {
    rate_limits: keysOf(by).map((parts) => ({
      stage: { value: STAGE },
      actions: parts.map(({ action }) => action),
    })),
  };
}

interface Part {
  /** Of the descriptor's entry; without a value each one has a bucket of its own. */
  readonly key: string;
  readonly value?: string;
  readonly action: Action;
}

const OF_ADDRESS: Part = { key: 'remote_address', action: { remote_address: {} } };

/** For each set of headers that a request may have, what it is counted by: Envoy leaves a descriptor out that lacks one. */
function keysOf(by: NonNullable<RateLimit['by']>): readonly (readonly Part[])[] {
  const headers = by.flatMap(({ header }) => header ?? []);
  const address = by.some(({ client_address }) => client_address === true);
  const sets = headers.reduce<readonly (readonly Part[])[]>(
    (parts, name) =>
      parts.flatMap((before) => [
        [...before, present(name)],
        [...before, absent(name)],
      ]),
    [[]],
  );
  return sets.map((parts) =>
    address || parts.every(({ value }) => value !== undefined) ? [...parts, OF_ADDRESS] : parts,
  );
}

function present(name: string): Part {
  return { key: name, action: { request_headers: { header_name: name, descriptor_key: name } } };
}

function absent(name: string): Part {
  const value = `no ${name}`;
  return {
    key: 'header_match',
    value,
    action: {
      header_value_match: {
        descriptor_value: value,
        expect_match: { value: false },
        headers: [{ name, present_match: true }],
      },
    },
  };
}
