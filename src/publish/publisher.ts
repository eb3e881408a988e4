import type { Logger } from 'pino';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { ServiceView } from '../catalogue/service-view.js';
import { secretPrefix } from '../resources/listener/tls.js';
import { RouteConfigurations } from '../resources/route/configuration.js';
import type { Resource } from '../snapshot/resource.js';
import type { ResourceChanges } from '../snapshot/resource-set.js';
import { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { Coalescer } from './coalescer.js';
import { LastWords } from './last-words.js';
import { Leaving } from './leaving.js';
import type { Plan } from './plan.js';
import type { PublicationTarget, Routing } from './target.js';

/** The longest that a timer of Node's waits, milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Milliseconds of building in a row before everything else gets its turn. */
const BUDGET = 10;

/** What changed, on the way to become one snapshot. */
interface Build {
  /** When it began, by `performance.now`. */
  readonly began: number;
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
  readonly observer?: PublicationObserver;
  /** What is leaving; handed from one publisher to the next, so that a reload forgets nobody. */
  readonly leaving?: Leaving;
  /** What emptied services spoke; handed on likewise. */
  readonly lastWords?: LastWords;
  /** Milliseconds of a clock that goes forward. */
  readonly now?: () => number;
}

/** Told of publications, also of those that make no difference. */
export interface PublicationObserver {
  /** All that changed until now is in what is built now, or was in what came before. */
  building(): void;
  /** It has been published, if it made a difference. @param milliseconds since `building` */
  built(milliseconds: number): void;
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
  #secretsChanged = false;
  /** The services that have a cluster now. */
  #published = new Set<string>();
  #started = false;
  readonly #leaving: Leaving;
  readonly #lastWords: LastWords;
  readonly #now: () => number;
  #departure: NodeJS.Timeout | undefined;
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
    this.#leaving = options.leaving ?? new Leaving();
    this.#lastWords = options.lastWords ?? new LastWords();
    this.#now = options.now ?? (() => performance.now());
    signal.addEventListener('abort', () => clearTimeout(this.#departure), { once: true });
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

  /**
   * Goes on with another plan that differs in its routes, its secrets and in the policies of `changed`: services, or `*` for
   * all.
   */
  replan(plan: Plan, changed: Iterable<string>): void {
    const before = this.plan.wanted;
    const subsets = plan.subsetsChanged(this.plan);
    this.plan = plan;
    this.#aliases = this.#aliasesAmong(plan.wanted);
    if (!this.#started) return;
    const known = [...this.#published, ...(this.#building?.clusters.keys() ?? [])];
    for (const name of changed) for (const meant of name === '*' ? known : [name]) this.#changed.add(meant);
    for (const name of subsets) this.#changed.add(name);
    for (const name of plan.wanted) if (!before.has(name)) this.#changed.add(name);
    for (const name of before) if (!plan.wanted.has(name)) this.#changed.add(name);
    this.#routesChanged = true;
    this.#secretsChanged = true;
    this.#coalescer.request();
  }

  /** Builds everything; what is as it was before stays the same resource. */
  publishAll(): void {
    const began = performance.now();
    this.options.observer?.building();
    this.#started = true;
    this.#building = undefined;
    this.#aliases = this.#aliasesAmong(this.plan.wanted);
    this.#published = new Set([...this.catalogue.names(), ...this.plan.wanted]);
    this.#lastWords.keepOnly(this.#published);
    const resources = [...this.#published].flatMap((name) => {
      const { cluster, endpoints } = this.#service(name, this.catalogue.service(name));
      return endpoints === undefined ? [cluster] : [cluster, endpoints];
    });
    const routing = this.#routing();
    const snapshot = Snapshot.of([
      ...resources,
      ...this.plan.secrets(),
      ...this.plan.consumers(),
      ...this.plan.listeners(),
      ...this.#keptListeners(),
      ...this.#routes(routing),
    ]);
    this.target.setSnapshot(snapshot, routing);
    this.#awaitDepartures();
    const milliseconds = performance.now() - began;
    this.options.observer?.built(milliseconds);
    this.options.logger.info(
      { services: this.#published.size, version: snapshot.version, milliseconds: Math.round(milliseconds) },
      'published everything',
    );
  }

  #publish(): void {
    if (this.#building !== undefined) {
      this.#due = true;
      return;
    }
    this.options.observer?.building();
    const names = this.#changed;
    this.#building = {
      began: performance.now(),
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
    const built = wanted ? this.#service(name, view) : undefined;
    if (!wanted) {
      this.#leaving.forget(name);
      this.#lastWords.forget(name);
    }
    clusters.set(name, built?.cluster);
    endpoints.set(name, built?.endpoints);
  }

  #commit({ began, clusters, endpoints, routesChanged }: Build): void {
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
    if (routing !== undefined) changes.set(TYPE_URL.route, byName(this.#routes(routing)));
    if (this.#secretsChanged) {
      this.#secretsChanged = false;
      const waiting = this.plan.waitingListeners().map(secretPrefix);
      const isKept = (name: string) => waiting.some((prefix) => name.startsWith(prefix));
      changes.set(TYPE_URL.secret, this.#replaced(TYPE_URL.secret, this.plan.secrets(), isKept));
      changes.set(TYPE_URL.extensionConfig, this.#replaced(TYPE_URL.extensionConfig, this.plan.consumers()));
      changes.set(TYPE_URL.listener, byName(this.plan.listeners()));
    }
    this.target.updateResources(changes, routing);
    this.options.observer?.built(performance.now() - began);
    this.#awaitDepartures();
  }

  #service(name: string, view: ServiceView | undefined): ReturnType<Plan['service']> {
    const drainTime = this.plan.drainTime(name);
    const leaving = this.#leaving.update(name, view?.instances ?? [], drainTime, this.#now());
    const words = this.#lastWords.update(name, view?.instances ?? []);
    return this.plan.service(name, view, leaving, words);
  }

  /** Sees to it that what is leaving is gone in time. */
  #awaitDepartures(): void {
    clearTimeout(this.#departure);
    const next = this.#leaving.next();
    if (next === undefined) return;
    const wait = Math.min(Math.max(1, Math.ceil(next - this.#now())), LONGEST_TIMER);
    this.#departure = setTimeout(() => {
      for (const name of this.#leaving.due(this.#now())) this.#changed.add(name);
      if (this.#changed.size > 0) this.#coalescer.request();
      else this.#awaitDepartures();
    }, wait);
  }

  /**
   * The resources of a type as they are now, and removals of the others. A private key or a consumer's key leaves the
   * snapshot with the document or configuration that held it.
   * @param isKept names that stay although they are not among the resources
   */
  #replaced(
    typeUrl: string,
    resources: readonly Resource[],
    isKept: (name: string) => boolean = () => false,
  ): ResourceChanges {
    const now = byName(resources);
    const gone = [...this.target.wanted.set(typeUrl).names()].filter(
      (name) => !now.has(name) && !isKept(name),
    );
    return new Map<string, Resource | undefined>([...now, ...gone.map((name) => [name, undefined] as const)]);
  }

  /** What is published of listeners that wait for a new certificate: they go on with the one they have. */
  #keptListeners(): readonly Resource[] {
    const published = this.target.wanted;
    return this.plan.waitingListeners().flatMap((name) => {
      const listener = published.set(TYPE_URL.listener).get(name);
      if (listener === undefined) return [];
      const secrets = [...published.set(TYPE_URL.secret).values()];
      return [listener, ...secrets.filter((secret) => secret.name.startsWith(secretPrefix(name)))];
    });
  }

  #routing(): Routing {
    return {
      listeners: this.plan.listenerNames(),
      rules: this.plan.routes(this.#published),
      settings: this.plan.virtualHosts,
    };
  }

  #routes({ listeners, rules, settings }: Routing): readonly Resource[] {
    return this.#configurations.build(listeners, rules, settings);
  }

  #aliasesAmong(names: ReadonlySet<string>): readonly string[] {
    return [...names].filter((name) => this.catalogue.isAlias(name));
  }
}

function byName(resources: readonly Resource[]): ReadonlyMap<string, Resource> {
  return new Map(resources.map((resource) => [resource.name, resource]));
}
