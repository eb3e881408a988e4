import type { ServiceView } from '../catalogue/service-view.js';
import type { Config } from '../config/schema.js';
import type { DefaultService } from '../config/values.js';
import { canonicalHost } from '../model/host.js';
import type { Instance } from '../model/instance.js';
import { type RouteRule, servicesOf } from '../model/route.js';
import { type ClusterPolicy, clusterResource, needsDns } from '../resources/cluster.js';
import { endpointsResource } from '../resources/endpoints.js';
import { listenerResource } from '../resources/listener.js';
import { routeConfiguration } from '../resources/route/configuration.js';
import type { Resource } from '../snapshot/resource.js';

/** What the configuration says of everything that is published: which services, how, from where. Pure. */
export class Plan {
  constructor(private readonly config: Config) {}

  /** The services that a route names, which have a cluster whether a registry knows them or not. */
  wanted(): ReadonlySet<string> {
    return new Set(this.config.routes.flatMap(servicesOf));
  }

  /** Whether which services there are decides about routes. */
  get routesFollowServices(): boolean {
    return this.config.auto_routes;
  }

  /** What a service is served from: its instances, else the default endpoint, else nothing. */
  served(view: ServiceView | undefined): readonly Instance[] {
    if (view !== undefined && view.instances.length > 0) return view.instances;
    const fallback = this.#defaultOf(view);
    return fallback === undefined ? [] : [defaultInstance(fallback)];
  }

  /** The cluster and, where it takes its endpoints by EDS, the load assignment of a service. */
  service(
    name: string,
    view: ServiceView | undefined,
  ): { readonly cluster: Resource; readonly endpoints: Resource | undefined } {
    const instances = this.served(view);
    return {
      cluster: clusterResource(name, instances, this.#policyOf(name)),
      endpoints: needsDns(instances) ? undefined : endpointsResource(name, instances),
    };
  }

  listeners(): readonly Resource[] {
    return this.config.listeners.map(listenerResource);
  }

  /** The route configuration of each listener. */
  routes(services: Iterable<string>): readonly Resource[] {
    const rules: RouteRule[] = [...this.config.routes];
    if (this.config.auto_routes) {
      for (const name of services)
        rules.push({ match: { prefix: `/${name}/` }, service_name: name, rewrite: { prefix: '/' } });
    }
    return this.config.listeners.map((listener) => routeConfiguration(listener.name, rules));
  }

  #policyOf(name: string): ClusterPolicy {
    const all = this.config.services['*'];
    const own = this.config.services[name];
    return {
      connectTimeout: own?.connect_timeout ?? all?.connect_timeout ?? 5_000,
      lbPolicy: own?.lb_policy ?? all?.lb_policy ?? 'ROUND_ROBIN',
    };
  }

  /** A service that a registry knows takes that registry's default; one that none knows, the first there is. */
  #defaultOf(view: ServiceView | undefined): DefaultService | undefined {
    const { discovery, default_service } = this.config;
    if (view !== undefined) {
      const own = view.registries
        .map((name) => discovery[name]?.default_service)
        .find((entry) => entry !== undefined);
      return own ?? default_service;
    }
    return (
      default_service ??
      Object.values(discovery).find((registry) => registry.default_service)?.default_service
    );
  }
}

function defaultInstance(entry: DefaultService): Instance {
  const weight = entry.weight ?? entry.metadata?.weight ?? 1;
  return {
    host: canonicalHost(entry.host) ?? entry.host,
    port: entry.port,
    weight: weight > 0 ? weight : 1,
    metadata: {},
  };
}
