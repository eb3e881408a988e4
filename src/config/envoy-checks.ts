import { isHttp, type ListenerRule } from '../model/listener.js';
import { encode } from '../protobuf/messages.js';
import { type Violation, violations } from '../protobuf/rules.js';
import { clusterPolicy } from '../publish/policy.js';
import { clusterResource } from '../resources/cluster.js';
import { withEnvoyJson } from '../resources/envoy-json.js';
import { httpFilters } from '../resources/http-filters.js';
import { listenerResource } from '../resources/listener/listener.js';
import type { Placed } from './discovery-block.js';
import type { ConfigPath } from './problem.js';
import type { Config } from './schema.js';
import type { ServicePolicy } from './service-policy.js';

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const LISTENER = 'envoy.config.listener.v3.Listener';
const VIRTUAL_HOST = 'envoy.config.route.v3.VirtualHost';
const HTTP_FILTERS = 'type.googleapis.com/envoy.extensions.filters.http.';
const ROUTER = `${HTTP_FILTERS}router.v3.Router`;
/** Where an HTTP connection manager's fields stand in a listener. */
const MANAGER_DEPTH = ['filter_chains', 0, 'filters', 0, 'typed_config'].length;

/**
 * What Envoy would refuse of messages that blocks of its own JSON were put over: its protos bound the values of fields, and require
 * some, which only the whole message shows.
 */
export function envoyProblems(config: Config): readonly Placed[] {
  const { services, listeners, virtual_hosts } = config;
  return [
    ...Object.entries(services).flatMap(([name, policy]) =>
      policyViolations(name, policy).map((found) => placed(['services', name, 'envoy'], found)),
    ),
    ...listeners.flatMap((listener, index) => [
      ...filterProblems(listener, ['listeners', index, 'http_filters']),
      ...listenerProblems(listener, ['listeners', index]),
    ]),
    ...virtual_hosts.flatMap(({ envoy }, index) => {
      const message = withEnvoyJson(VIRTUAL_HOST, { name: '*', domains: ['*'] }, envoy);
      return violations(VIRTUAL_HOST, encode(VIRTUAL_HOST, message)).map((found) =>
        placed(['virtual_hosts', index, 'envoy'], found),
      );
    }),
  ];
}

/** What Envoy would refuse of the cluster of a service. */
export function policyViolations(name: string, policy: ServicePolicy): readonly Violation[] {
  if (policy.envoy === undefined) return [];
  return violations(CLUSTER, clusterResource(name, [], clusterPolicy([policy], [])).body);
}

function listenerProblems(listener: ListenerRule, at: ConfigPath): readonly Placed[] {
  const { envoy, http_connection_manager, http_filters } = listener;
  if ([envoy, http_connection_manager, http_filters].every((block) => block === undefined)) return [];
  const before = httpFilters().length - 1;
  const found = violations(LISTENER, listenerResource(listener).body).map((violation) => {
    const { path, message } = violation;
    if (path[0] !== 'filter_chains') return placed([...at, 'envoy'], violation);
    const [first, index, ...rest] = path.slice(MANAGER_DEPTH);
    if (isHttp(listener) && first === 'http_filters' && typeof index === 'number')
      return placed([...at, 'http_filters', index - before], { path: rest, message });
    return placed([...at, 'http_connection_manager'], { path: path.slice(MANAGER_DEPTH), message });
  });
  // Every filter chain has the same.
  return found.filter(
    (problem, index) =>
      found.findIndex((other) => JSON.stringify(other) === JSON.stringify(problem)) === index,
  );
}

function filterProblems({ http_filters = [] }: ListenerRule, at: ConfigPath): readonly Placed[] {
  return http_filters.flatMap((filter, index) => {
    const config = filter.typed_config ?? filter.typedConfig;
    const type = typeof config === 'object' && config !== null ? Reflect.get(config, '@type') : undefined;
    const path = [...at, index];
    if (type === ROUTER) return [{ path, message: 'the router is there already, as the last filter' }];
    return typeof type === 'string' && type.startsWith(HTTP_FILTERS)
      ? []
      : [{ path, message: `expected a "typed_config" of a type "${HTTP_FILTERS}…"` }];
  });
}

function placed(at: ConfigPath, { path, message }: Violation): Placed {
  return { path: [...at, ...path], message };
}
