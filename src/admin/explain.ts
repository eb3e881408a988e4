import { nearest } from '../base/nearest.js';
import type { PlacedFailure } from '../catalogue/catalogue.js';
import type { ServiceView } from '../catalogue/service-view.js';
import type { HeldService } from '../catalogue/source-state.js';
import type { RouteDocument } from '../documents/documents.js';
import { readAddress } from '../model/address.js';
import { addressOf, type Instance } from '../model/instance.js';
import type { HistoryEntry } from '../snapshot/cache.js';
import { type Resource, referredNames } from '../snapshot/resource.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { type Carrier, type CarrierSubject, carriersOf, withheld } from './carriers.js';
import { explainRoutes, type RouteExplanation } from './explain-route.js';
import { type ServiceHistory, serviceHistory } from './history.js';
import { serviceDetail } from './services.js';

/** What an explanation is made of. */
export interface ExplainSubject extends CarrierSubject {
  readonly serviceNames: () => Iterable<string>;
  readonly service: (name: string) => ServiceView | undefined;
  readonly served: (view: ServiceView | undefined) => readonly Instance[];
  /** How policies were settled that only some instances of a service say, or say differently. */
  readonly remarks: (name: string) => readonly string[];
  /** Whether a route names the service. */
  readonly routed: (name: string) => boolean;
  /** The rules of the configuration that leave a service of this name out. */
  readonly skippedBy: (name: string) => readonly { readonly registry: string; readonly rule: string }[];
  /** What a registry has lost of the service and is served still, see `mass_loss`. */
  readonly heldOf: (name: string) => readonly HeldService[];
  /** Where the queries of services fail, by the name of the service. */
  readonly failures: () => ReadonlyMap<string, readonly PlacedFailure[]>;
  /** All routes, those of the configuration file among them. */
  readonly routes: () => readonly RouteDocument[];
  /** The last changes, oldest first. */
  readonly history: () => readonly HistoryEntry[];
}

export interface ServiceExplanation extends ReturnType<typeof serviceDetail> {
  readonly routed: boolean;
  readonly remarks: readonly string[];
  /** The resources that bring the service to the proxies. */
  readonly resources: readonly Carrier[];
  /** Instances that are served although their registry has suddenly lost them. */
  readonly held: readonly {
    readonly registry: string;
    readonly server: string;
    readonly since: string;
    readonly until: string;
    readonly addresses: readonly string[];
  }[];
  /** What keeps newer versions of these resources from the proxies. */
  readonly release: ReturnType<typeof withheld>;
  /** What the last published versions changed of it, newest first. */
  readonly history: ServiceHistory;
}

export type Explanation =
  | {
      readonly query: string;
      readonly services: readonly ServiceExplanation[];
      readonly routes: readonly RouteExplanation[];
    }
  | { readonly error: string };

/** Why a service, an instance by its address, or a route by its name or path, is served as it is. */
export async function explain(query: string, subject: ExplainSubject): Promise<Explanation> {
  const names = new Set(subject.serviceNames());
  if (names.has(query) || subject.service(query) !== undefined)
    return {
      query,
      services: [await explainService(query, subject)],
      routes: await explainRoutes(query, subject.routes(), subject),
    };
  const read = readAddress(query);
  if (read !== undefined) {
    const addresses = new Set([query, addressOf(read)]);
    const services = await Promise.all(
      [...names].sort().map((name) => explainAddress(name, addresses, subject)),
    );
    const found = services.filter((service) => service !== undefined);
    if (found.length > 0) return { query, services: found, routes: [] };
  }
  const routes = await explainRoutes(query, subject.routes(), subject);
  if (routes.length > 0) return { query, services: [], routes };
  return { error: unknown(query, names, subject) };
}

async function explainService(name: string, subject: ExplainSubject): Promise<ServiceExplanation> {
  const view = subject.service(name);
  const failures = subject.failures().get(name) ?? [];
  const isKnown = view !== undefined || failures.length > 0;
  return {
    ...serviceDetail({ name, view, served: subject.served(view), failures }),
    routed: subject.routed(name),
    remarks: [...subject.remarks(name), ...(isKnown ? [] : missing(name, subject))],
    resources: await carriersOf(bringing(name, subject.snapshot()), subject),
    held: subject.heldOf(name).map(({ since, until, ...held }) => ({
      ...held,
      since: new Date(since).toISOString(),
      until: new Date(until).toISOString(),
    })),
    release: withheld(subject.releaseStatus(), ({ type, name: of }) => of === name && type !== 'RDS'),
    history: serviceHistory(name, subject.history()),
  };
}

/** A service with nothing but what it says of these addresses, if it says anything. */
async function explainAddress(
  name: string,
  addresses: ReadonlySet<string>,
  subject: ExplainSubject,
): Promise<ServiceExplanation | undefined> {
  const view = subject.service(name);
  const instances = view?.instances.filter((instance) => addresses.has(addressOf(instance))) ?? [];
  const filtered = view?.filtered.filter(({ address }) => addresses.has(address)) ?? [];
  const served = subject.served(view);
  if (instances.length + filtered.length === 0 && !served.some((one) => addresses.has(addressOf(one))))
    return undefined;
  const explained = await explainService(name, subject);
  const here = ({ address }: { readonly address: string }) => addresses.has(address);
  return {
    ...explained,
    instances: explained.instances.filter(here),
    filtered: explained.filtered.filter(here),
  };
}

/** The resources that bring a service to the proxies: its cluster, its endpoints, and the routes that name it. */
function bringing(name: string, snapshot: Snapshot): readonly (Resource | undefined)[] {
  const routes = [...snapshot.set(TYPE_URL.route).values()].filter((resource) =>
    referredNames(resource, TYPE_URL.cluster).includes(name),
  );
  return [snapshot.set(TYPE_URL.cluster).get(name), snapshot.set(TYPE_URL.endpoints).get(name), ...routes];
}

function unknown(query: string, names: ReadonlySet<string>, subject: ExplainSubject): string {
  const leftOut = leftOutBy(query, subject);
  if (leftOut !== undefined) return leftOut;
  const near = nearest(query, names, farthest(query));
  const hint = near === undefined ? '' : `, did you mean "${near}"?`;
  return `no registry and no route knows a service, an address or a route "${query}"${hint}`;
}

/** What there may be instead of a service that a route names and no registry knows. */
function missing(name: string, subject: ExplainSubject): readonly string[] {
  const leftOut = leftOutBy(name, subject);
  if (leftOut !== undefined) return [leftOut];
  const known = [...subject.serviceNames()].filter((other) => subject.service(other) !== undefined);
  const near = nearest(name, known, farthest(name));
  return near === undefined ? [] : [`did the route mean "${near}"?`];
}

function leftOutBy(name: string, subject: ExplainSubject): string | undefined {
  const rules = subject.skippedBy(name).map(({ registry, rule }) => `${rule} of ${registry}`);
  return rules.length === 0 ? undefined : `"${name}" is left out by ${rules.join(', ')}`;
}

/** How many letters may be wrong in what someone asks for. */
function farthest(query: string): number {
  return Math.max(2, query.length / 4);
}
