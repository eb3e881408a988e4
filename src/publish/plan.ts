import type { ServiceView } from '../catalogue/service-view.js';
import type { Config } from '../config/schema.js';
import type { ServicePolicy } from '../config/service-policy.js';
import type { DefaultService } from '../config/values.js';
import { type Documents, NO_DOCUMENTS } from '../documents/documents.js';
import { canonicalHost } from '../model/host.js';
import type { Instance } from '../model/instance.js';
import { type RouteRule, servicesOf } from '../model/route.js';
import { clusterResource, needsDns } from '../resources/cluster.js';
import { endpointsResource } from '../resources/endpoints.js';
import { listenerResource } from '../resources/listener.js';
import { filtersOf, ROUTE_FILTERS, type RouteFilter } from '../resources/route/filter-configs.js';
import type { Resource } from '../snapshot/resource.js';
import { clusterPolicy } from './policy.js';

/** What the configuration and the documents say of everything that is published. Pure. */
export class Plan {
  /** The routes that are written somewhere. */
  readonly rules: readonly RouteRule[];
  /** The services that a route names, which have a cluster whether a registry knows them or not. */
  readonly wanted: ReadonlySet<string>;
  /** The prefixes from which a written route takes every request, so that an automatic one would be in its way. */
  readonly #taken: ReadonlySet<string>;
  readonly #automatic = new Map<string, RouteRule>();

  constructor(
    private readonly config: Config,
    private readonly documents: Documents = NO_DOCUMENTS,
  ) {
    this.rules = [...config.routes, ...[...documents.routes.values()].flatMap((document) => document.rules)];
    this.wanted = new Set(this.rules.flatMap(servicesOf));
    this.#taken = new Set(this.rules.filter(takesAll).flatMap(({ match }) => match.prefix ?? []));
  }

  /** The services that routes and policies name: what is of interest in a registry that holds far more. */
  get named(): ReadonlySet<string> {
    const policies = [...Object.entries(this.config.services), ...this.documents.policies];
    const names = policies.map(([name]) => name).filter((name) => name !== '*');
    const parts = policies.flatMap(([, { sources = [] }]) => sources.map(({ service }) => service));
    return new Set([...this.wanted, ...parts, ...names]);
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
      cluster: clusterResource(name, instances, clusterPolicy(this.#policiesOf(name), instances)),
      endpoints: needsDns(instances) ? undefined : endpointsResource(name, instances),
    };
  }

  listeners(): readonly Resource[] {
    const filters = this.#routeFilters();
    return this.config.listeners.map((listener) => listenerResource(listener, filters));
  }

  /**
   * The HTTP filters that routes may configure. Documents may bring such a route at any time, and a listener that
   * changes drains its connections: with them each filter is there from the beginning.
   */
  #routeFilters(): ReadonlySet<RouteFilter> {
    return this.config.routes_from.etcd === undefined ? filtersOf(this.config.routes) : ROUTE_FILTERS;
  }

  listenerNames(): readonly string[] {
    return this.config.listeners.map((listener) => listener.name);
  }

  /** All routes, those that follow from the services among them. */
  routes(services: Iterable<string>): readonly RouteRule[] {
    if (!this.config.auto_routes) return this.rules;
    const automatic = [...services].filter((name) => !this.#taken.has(prefixOf(name)));
    return [...this.rules, ...automatic.map((name) => this.#automaticRoute(name))];
  }

  /** The route to a service by its name, with that prefix taken off; kept, so that it counts as the same. */
  #automaticRoute(name: string): RouteRule {
    const known = this.#automatic.get(name);
    if (known !== undefined) return known;
    const rule: RouteRule = {
      match: { prefix: prefixOf(name) },
      service_name: name,
      rewrite: { prefix: '/' },
    };
    this.#automatic.set(name, rule);
    return rule;
  }

  #policiesOf(name: string): readonly (ServicePolicy | undefined)[] {
    const { policies } = this.documents;
    return [
      policies.get(name),
      own(this.config.services, name),
      policies.get('*'),
      own(this.config.services, '*'),
    ];
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

/** A service may be named as what every object has, such as `constructor`. */
function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function prefixOf(service: string): string {
  return `/${service}/`;
}

function takesAll({ hosts = ['*'], priority = 0, match }: RouteRule): boolean {
  const { methods, headers = {}, query = {} } = match;
  const conditional = methods !== undefined || Object.keys({ ...headers, ...query }).length > 0;
  return hosts.includes('*') && priority >= 0 && !conditional;
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
