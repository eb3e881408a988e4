import type { Logger } from 'pino';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { Routing } from '../groups/group-fan-out.js';
import { RouteConfigurations } from '../resources/route/configuration.js';
import type { Resource } from '../snapshot/resource.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import { Snapshot, type SnapshotChanges } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { Coalescer } from './coalescer.js';
import type { Plan } from './plan.js';

/** Milliseconds of building in a row before everything else gets its turn. */
const BUDGET = 10;

/** Where everything goes that is published. */
export interface PublicationTarget {
  /** Replaces everything. */
  setSnapshot(snapshot: Snapshot, routing: Routing): void;
  /** @param routing where routes have changed: all that there are now */
  updateResources(changes: SnapshotChanges, routing?: Routing): void;
}

/** What changed, on the way to become one snapshot. */
interface Build {
  readonly names: Iterator<string>;
  readonly clusters: Map<string, Resource | undefined>;
  readonly endpoints: Map<string, Resource | undefined>;
  routesChanged: boolean;
}

export interface PublisherOptions {
  /** Milliseconds; see {@link Coalescer}. */
  readonly delay: number;
  readonly maxDelay: number;
  readonly logger: Logger;
}

/**
 * Builds what changed in the catalogue and publishes it. Nothing is published before every source has answered or
 * was left out.
 */
export class Publisher {
  readonly #coalescer: Coalescer;
  readonly #configurations = new RouteConfigurations();
  /** The names in routes that stand for a service of one source; known once the sources are there. */
  #aliases: readonly string[] = [];
  #changed = new Set<string>();
  #routesChanged = false;
  /** The services that have a cluster now. */
  #published = new Set<string>();
  #started = false;
  #building: Build | undefined;
  /** Whether a publication was due while another one was being built. */
  #due = false;

  constructor(
    private readonly catalogue: Catalogue,
    private plan: Plan,
    private readonly target: PublicationTarget,
    private readonly options: PublisherOptions,
    private readonly signal: AbortSignal,
  ) {
    this.#coalescer = new Coalescer(() => this.#publish(), options.delay, options.maxDelay, signal);
  }

  /** Whether everything has been published once. */
  get started(): boolean {
    return this.#started;
  }

  /** Takes up what the catalogue tells of these services. */
  changed(names: ReadonlySet<string>): void {
    if (!this.#started) {
      if (this.catalogue.unanswered().length === 0) this.publishAll();
      return;
    }
    if (names.size === 0) return;
    for (const name of names) this.#changed.add(name);
    for (const name of this.catalogue.aliasesOf(names, this.#aliases)) this.#changed.add(name);
    this.#coalescer.request();
  }

  /** Goes on with another plan that differs in its routes and in the policies of `changed`: services, or `*` for all. */
  replan(plan: Plan, changed: Iterable<string>): void {
    const before = this.plan.wanted;
    this.plan = plan;
    this.#aliases = this.#aliasesAmong(plan.wanted);
    if (!this.#started) return;
    const known = [...this.#published, ...(this.#building?.clusters.keys() ?? [])];
    for (const name of changed) for (const meant of name === '*' ? known : [name]) this.#changed.add(meant);
    for (const name of plan.wanted) if (!before.has(name)) this.#changed.add(name);
    for (const name of before) if (!plan.wanted.has(name)) this.#changed.add(name);
    this.#routesChanged = true;
    this.#coalescer.request();
  }

  /** Builds everything; what is as it was before stays the same resource. */
  publishAll(): void {
    const began = performance.now();
    this.#started = true;
    this.#building = undefined;
    this.#aliases = this.#aliasesAmong(this.plan.wanted);
    this.#published = new Set([...this.catalogue.names(), ...this.plan.wanted]);
    const resources = [...this.#published].flatMap((name) => {
      const { cluster, endpoints } = this.plan.service(name, this.catalogue.service(name));
      return endpoints === undefined ? [cluster] : [cluster, endpoints];
    });
    const routing = this.#routing();
    const snapshot = Snapshot.of([...resources, ...this.plan.listeners(), ...this.#routes(routing)]);
    this.target.setSnapshot(snapshot, routing);
    const milliseconds = Math.round(performance.now() - began);
    this.options.logger.info(
      { services: this.#published.size, version: snapshot.version, milliseconds },
      'published everything',
    );
  }

  #publish(): void {
    if (this.#building !== undefined) {
      this.#due = true;
      return;
    }
    const names = this.#changed;
    this.#building = {
      names: names.values(),
      clusters: new Map(),
      endpoints: new Map(),
      routesChanged: this.#routesChanged,
    };
    this.#changed = new Set();
    this.#routesChanged = false;
    this.#build(this.#building);
  }

  /** Builds many services in turns and publishes all of them at once. */
  #build(build: Build): void {
    if (this.signal.aborted || this.#building !== build) return;
    const end = performance.now() + BUDGET;
    for (let next = build.names.next(); next.done !== true; next = build.names.next()) {
      this.#buildService(next.value, build);
      if (performance.now() <= end) continue;
      setImmediate(() => this.#build(build));
      return;
    }
    this.#building = undefined;
    this.#commit(build);
    if (!this.#due) return;
    this.#due = false;
    this.#publish();
  }

  #buildService(name: string, { clusters, endpoints }: Build): void {
    const view = this.catalogue.service(name);
    const wanted = view !== undefined || this.plan.wanted.has(name);
    const built = wanted ? this.plan.service(name, view) : undefined;
    clusters.set(name, built?.cluster);
    endpoints.set(name, built?.endpoints);
  }

  #commit({ clusters, endpoints, routesChanged }: Build): void {
    let routes = routesChanged;
    for (const [name, cluster] of clusters) {
      if ((cluster !== undefined) === this.#published.has(name)) continue;
      routes ||= this.plan.routesFollowServices;
      if (cluster !== undefined) this.#published.add(name);
      else this.#published.delete(name);
    }
    const changes = new Map<string, ResourceChanges>([
      [TYPE_URL.cluster, clusters],
      [TYPE_URL.endpoints, endpoints],
    ]);
    const routing = routes ? this.#routing() : undefined;
    if (routing !== undefined)
      changes.set(TYPE_URL.route, new Map(this.#routes(routing).map((route) => [route.name, route])));
    this.target.updateResources(changes, routing);
  }

  #routing(): Routing {
    return { listeners: this.plan.listenerNames(), rules: this.plan.routes(this.#published) };
  }

  #routes({ listeners, rules }: Routing): readonly Resource[] {
    return this.#configurations.build(listeners, rules);
  }

  #aliasesAmong(names: ReadonlySet<string>): readonly string[] {
    return [...names].filter((name) => this.catalogue.isAlias(name));
  }
}
