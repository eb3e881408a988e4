import { z } from 'zod';
import { mergeJson } from '../protobuf/from-json.js';

/** Fields that are Signalbox's own, and what to say instead; dots lead into messages. */
export type OwnFields = Readonly<Record<string, string>>;

const NAME = 'Signalbox refers to it by its name';
const EDS = 'the instances come from the registries by EDS; see "discovery" and "services.NAME.sources"';

export const OF_CLUSTER: OwnFields = {
  name: NAME,
  type: EDS,
  cluster_type: EDS,
  eds_cluster_config: EDS,
  load_assignment: EDS,
  lrs_server: 'Signalbox asks for load reports itself',
};
export const OF_LISTENER: OwnFields = {
  name: NAME,
  address: 'use "address" beside "envoy"',
  filter_chains:
    'they follow from the listener\'s own options; "http_connection_manager" and "http_filters" change what is in them',
  filter_chain_matcher: "the filter chains follow from the listener's own options",
  api_listener: 'it is for clients without a proxy',
  internal_listener: 'the listener has an address',
  udp_listener_config: 'the listener takes TCP connections',
};
export const OF_MANAGER: OwnFields = {
  rds: "the routes come by RDS under the listener's name",
  route_config: "the routes come by RDS under the listener's name",
  scoped_routes: "the routes come by RDS under the listener's name",
  http_filters: 'use "http_filters" beside "http_connection_manager": they go before the router',
};
export const OF_VIRTUAL_HOST: OwnFields = {
  name: NAME,
  domains: 'use "hosts" beside "envoy"',
  routes: 'use "routes"',
  matcher: 'use "routes"',
};
const PATH = 'use "match" beside "envoy": it decides the order of routes too';
const TARGET = 'use "service_name" or "weighted" beside "envoy", so that there is a cluster';
export const OF_ROUTE: OwnFields = {
  'match.prefix': PATH,
  'match.path': PATH,
  'match.safe_regex': PATH,
  'match.connect_matcher': PATH,
  'match.path_separated_prefix': PATH,
  'match.path_match_policy': PATH,
  'route.cluster': TARGET,
  'route.weighted_clusters': TARGET,
};

/**
 * A block of Envoy's own JSON, checked against Envoy's protos.
 * @param name the message that it is put over
 * @param own what it must not say
 */
export function envoyJson(name: string, own: OwnFields = {}) {
  return z.record(z.string(), z.unknown()).superRefine((json, context) => {
    const { problems, named } = mergeJson(name, {}, json);
    for (const { path, at, message } of problems)
      context.addIssue({ code: 'custom', path: [...path], message, params: { at } });
    for (const [field, why] of Object.entries(own)) {
      const path = named.get(field);
      if (path !== undefined)
        context.addIssue({
          code: 'custom',
          path: [...path],
          message: `cannot stand here: ${why}`,
          params: { at: 'key' },
        });
    }
  });
}
