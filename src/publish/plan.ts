import type { ServiceView } from '../catalogue/service-view.js';
import { configuredConsumers } from '../config/consumers.js';
import type { Config } from '../config/schema.js';
import type { DefaultService } from '../config/values.js';
import { type Documents, NO_DOCUMENTS } from '../documents/documents.js';
import { type Consumer, distinctConsumers } from '../model/consumer.js';
import { canonicalHost } from '../model/host.js';
import type { Instance } from '../model/instance.js';
import { isHttp, type ListenerRule, servicesOfListener } from '../model/listener.js';
import { type RouteRule, servicesOf, subsetsOf, type VirtualHostRule } from '../model/route.js';
import { clusterResource, needsDns } from '../resources/cluster.js';
import { consumerResources } from '../resources/consumers/resources.js';
import { endpointsResource } from '../resources/endpoints.js';
import { listenerResource } from '../resources/listener/listener.js';
import { certificateGroups, documentSecrets, secretsOf } from '../resources/listener/tls.js';
import { CONSUMERS, filtersOf, ROUTE_FILTERS, type RouteFilter } from '../resources/route/filter-configs.js';
import type { Resource } from '../snapshot/resource.js';
import { withDocuments } from './document-certificates.js';
import { clusterPolicy, firstSaid, type Said } from './policy.js';
import { policyRemarks } from './policy-remarks.js';

/** What the configuration and the documents say of everything that is published. Pure. */
export class Plan {
  /** The routes that are written somewhere. */
  readonly rules: readonly RouteRule[];
  /** The services that a route or a TCP listener names, which have a cluster whether a registry knows them or not. */
  readonly wanted: ReadonlySet<string>;
  /** The prefixes from which a written route takes every request, so that an automatic one would be in its way. */
  readonly #taken: ReadonlySet<string>;
  /** By service, the sets of metadata keys by which routes name subsets of it. */
  readonly #subsets: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** Those that are taken in some listeners only. */
  readonly #takenSomewhere: ReadonlySet<string>;
  readonly #automatic = new Map<string, RouteRule>();
  readonly #listeners: readonly ListenerRule[];

  constructor(
    private readonly config: Config,
    private readonly documents: Documents = NO_DOCUMENTS,
    private readonly secretResources: ReadonlyMap<string, Resource> = new Map(),
  ) {
    this.#listeners = config.listeners.map((listener) => withDocuments(listener, documents.certificates));
    this.rules = [
      ...config.routes,
      ...config.listeners.flatMap(({ routes = [] }) => routes),
      ...[...documents.routes.values()].flatMap((document) => document.rules),
    ];
    this.wanted = new Set([
      ...this.rules.flatMap(servicesOf),
      ...config.listeners.flatMap(servicesOfListener),
    ]);
    this.#subsets = subsetsByService(this.rules);
    const taking = this.rules.filter(takesAll);
    const prefixes = (rules: readonly RouteRule[]) =>
      new Set(rules.flatMap(({ match }) => match.prefix ?? []));
    this.#taken = prefixes(taking.filter(({ listeners }) => listeners === undefined));
    this.#takenSomewhere = prefixes(taking.filter(({ listeners }) => listeners !== undefined));
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

  /** What a service is served from: its instances, with the default endpoint behind or in place of them. */
  served(view: ServiceView | undefined): readonly Instance[] {
    const instances = view?.instances ?? [];
    const fallback = this.#defaultOf(view);
    if (fallback === undefined) return instances;
    if (instances.length === 0) return [defaultInstance(fallback)];
    return fallback.mode === 'failover' ? withLast(instances, [defaultInstance(fallback)]) : instances;
  }

  /**
   * The cluster and, where it takes its endpoints by EDS, the load assignment of a service.
   * @param leaving instances that are gone from the registry, to be shown as DRAINING
   * @param lastWords stand-ins for instances that a service without any has had
   */
  service(
    name: string,
    view: ServiceView | undefined,
    leaving: readonly Instance[] = [],
    lastWords: readonly Instance[] = [],
  ): { readonly cluster: Resource; readonly endpoints: Resource | undefined } {
    const served = this.served(view);
    const fallback = served.length === 0 ? lastWords : served;
    const judged = view === undefined || view.instances.length === 0 ? fallback : view.instances;
    const said = clusterPolicy(this.#policiesOf(name), judged, this.#subsets.get(name));
    const { metrics } = this.config.load_reports;
    const policy = {
      ...said,
      endpoints: { ...said.endpoints, lastResort: this.#hasStopgap(view) },
      ...(metrics.length > 0 && { loadMetrics: metrics }),
    };
    const instances = withLast(served, draining(leaving, served));
    return {
      cluster: clusterResource(name, instances, policy),
      endpoints: needsDns(instances) ? undefined : endpointsResource(name, instances, policy.endpoints),
    };
  }

  /** How long an instance of a service that is gone is shown as DRAINING, milliseconds; 0: not at all. */
  drainTime(name: string): number {
    return firstSaid(this.#policiesOf(name), 'drain_time') ?? 0;
  }

  /** What is to be said of how the policy of a service came about. */
  remarks(name: string, view: ServiceView | undefined): readonly string[] {
    return policyRemarks(this.#policiesOf(name), view?.instances ?? []);
  }

  /** The services whose subsets differ from those of another plan. */
  subsetsChanged(other: Plan): readonly string[] {
    const text = (plan: Plan, name: string) => JSON.stringify(plan.#subsets.get(name));
    const names = new Set([...this.#subsets.keys(), ...other.#subsets.keys()]);
    return [...names].filter((name) => text(this, name) !== text(other, name));
  }

  /** The listeners whose secrets are all there. */
  listeners(): readonly Resource[] {
    return this.#listeners
      .filter((listener) => this.#isReady(listener))
      .map((listener) => listenerResource(listener, this.#routeFilters(listener)));
  }

  /**
   * The HTTP filters that routes of a listener may configure. Documents may bring such a route at any time, and a
   * listener that changes drains its connections: with them each filter is there from the beginning.
   */
  #routeFilters({ name }: ListenerRule): ReadonlySet<RouteFilter> {
    if (Object.values(this.config.routes_from).some((store) => store !== undefined)) return ROUTE_FILTERS;
    return filtersOf(this.rules.filter(({ listeners }) => listeners?.includes(name) ?? true));
  }

  /** The listeners that wait for a secret: without it Envoy would take the listener and refuse its connections. */
  waitingListeners(): readonly string[] {
    return this.#listeners.filter((listener) => !this.#isReady(listener)).map(({ name }) => name);
  }

  /** The listeners that have routes. */
  listenerNames(): readonly string[] {
    return this.config.listeners.filter(isHttp).map(({ name }) => name);
  }

  /** The secrets of listeners, as far as they are there. */
  secrets(): readonly Resource[] {
    return this.#listeners.flatMap((listener) => [
      ...secretsOf(listener).flatMap(({ name }) => this.secretResources.get(name) ?? []),
      ...documentSecrets(listener),
    ]);
  }

  /** What filters of listeners know of the consumers; there where a listener has those filters. */
  consumers(): readonly Resource[] {
    const isAsked = this.config.listeners.filter(isHttp).some((listener) => {
      const filters = this.#routeFilters(listener);
      return CONSUMERS.some((name) => filters.has(name));
    });
    if (!isAsked) return [];
    const all: readonly Consumer[] = [...configuredConsumers(this.config), ...this.documents.consumers];
    const { counting } = distinctConsumers(all.map((consumer) => ({ consumer })));
    return consumerResources(
      counting.map(({ consumer }) => consumer),
      this.rules,
    );
  }

  get virtualHosts(): readonly VirtualHostRule[] {
    return this.config.virtual_hosts;
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
      // A written route of one listener only leaves this one to the others.
      ...(this.#takenSomewhere.has(prefixOf(name)) && { path_priority: -1 }),
    };
    this.#automatic.set(name, rule);
    return rule;
  }

  #isReady(listener: ListenerRule): boolean {
    const { tls, tls_passthrough } = listener;
    if (tls !== undefined && tls_passthrough === undefined && certificateGroups(listener).length === 0)
      return false;
    return secretsOf(listener).every(({ name }) => this.secretResources.has(name));
  }

  #policiesOf(name: string): Said {
    const { policies } = this.documents;
    return [
      policies.get(name),
      own(this.config.services, name),
      policies.get('*'),
      own(this.config.services, '*'),
    ];
  }

  /** Whether the default endpoint stands behind instances that have one priority. */
  #hasStopgap(view: ServiceView | undefined): boolean {
    const { instances = [] } = view ?? {};
    const priorities = new Set(instances.map(({ priority = 0 }) => priority));
    return priorities.size === 1 && this.#defaultOf(view)?.mode === 'failover';
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

/** In a fixed order, so that the order of routes never shows. */
function subsetsByService(rules: readonly RouteRule[]): ReadonlyMap<string, readonly (readonly string[])[]> {
  const found = new Map<string, Map<string, readonly string[]>>();
  for (const { service, keys } of rules.flatMap(subsetsOf)) {
    const ofService = found.get(service) ?? new Map<string, readonly string[]>();
    found.set(service, ofService.set(JSON.stringify(keys), keys));
  }
  return new Map(
    [...found].map(([service, sets]) => [
      service,
      [...sets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, keys]) => keys),
    ]),
  );
}

/**
 * Instances that leave, beside those that are served. They stand behind all others: among these they would count as
 * failed, so that Envoy's panic mode used them. With nothing else left they go at once, for the same reason. One that
 * has to be resolved does not make a cluster of addresses one of DNS.
 */
function draining(leaving: readonly Instance[], served: readonly Instance[]): readonly Instance[] {
  if (served.length === 0) return [];
  const fitting = needsDns(served) ? leaving : leaving.filter((instance) => !needsDns([instance]));
  return fitting.map((instance) => ({ ...instance, health: 'DRAINING' }));
}

/** More instances, of a priority of their own after all others. */
function withLast(instances: readonly Instance[], last: readonly Instance[]): readonly Instance[] {
  if (last.length === 0) return instances;
  const priority = Math.max(-1, ...new Set(instances.map((instance) => instance.priority ?? 0))) + 1;
  return [...instances, ...last.map((instance) => ({ ...instance, priority }))];
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
