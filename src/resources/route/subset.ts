import type { Metadata } from '../../generated/types/envoy/config/core/v3/Metadata.js';
import type { RouteAction } from '../../generated/types/envoy/config/route/v3/RouteAction.js';
import type { HashPolicy, Subset } from '../../model/route.js';
import { textStruct } from '../../protobuf/struct.js';
import { protoDuration } from '../durations.js';

/** What the load balancer looks for in the metadata of endpoints. */
export function metadataMatch(subset: Subset | undefined): { readonly metadata_match?: Metadata } {
  if (subset === undefined) return {};
  return { metadata_match: { filter_metadata: { 'envoy.lb': textStruct(subset) } } };
}

type EnvoyHashPolicy = NonNullable<RouteAction['hash_policy']>[number];

/** What a consistent load balancer tells requests apart by. */
export function hashPolicyOf({ header, cookie, source_ip, query, terminal }: HashPolicy): EnvoyHashPolicy {
  return {
    ...(header !== undefined && { header: { header_name: header } }),
    ...(cookie !== undefined && {
      cookie: {
        name: cookie.name,
        ...(cookie.ttl !== undefined && { ttl: protoDuration(cookie.ttl) }),
        ...(cookie.path !== undefined && { path: cookie.path }),
      },
    }),
    ...(source_ip === true && { connection_properties: { source_ip: true } }),
    ...(query !== undefined && { query_parameter: { name: query } }),
    ...(terminal === true && { terminal: true }),
  };
}
