import { closest, distance } from 'fastest-levenshtein';
import type { ServiceView } from '../catalogue/service-view.js';
import { readAddress } from '../model/address.js';
import { addressOf, type Instance } from '../model/instance.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { discoveryName } from '../xds/type-names.js';
import type { ProxyStatus, PublishedResource } from './proxy-statuses.js';
import { serviceDetail } from './services.js';

/** What an explanation is made of. */
export interface ExplainSubject {
  readonly serviceNames: () => Iterable<string>;
  readonly service: (name: string) => ServiceView | undefined;
  readonly served: (view: ServiceView | undefined) => readonly Instance[];
  /** How policies were settled that only some instances of a service say, or say differently. */
  readonly remarks: (name: string) => readonly string[];
  /** Whether a route names the service. */
  readonly routed: (name: string) => boolean;
  /** The registries whose configuration leaves a service of this name out. */
  readonly skippedBy: (name: string) => readonly string[];
  /** Where each proxy is with each of these resources, those left out that do not ask for it. */
  readonly proxyStatuses: (
    resources: readonly PublishedResource[],
  ) => Promise<readonly (readonly ProxyStatus[])[]>;
  readonly snapshot: () => Snapshot;
}

interface Carrier {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly proxies: readonly ProxyStatus[];
}

export interface ServiceExplanation extends ReturnType<typeof serviceDetail> {
  readonly routed: boolean;
  readonly remarks: readonly string[];
  /** The resources that bring the service to the proxies. */
  readonly resources: readonly Carrier[];
}

export type Explanation =
  | { readonly query: string; readonly services: readonly ServiceExplanation[] }
  | { readonly error: string };

/** Why a service, or an instance by its address, is served as it is. */
export async function explain(query: string, subject: ExplainSubject): Promise<Explanation> {
  const names = new Set(subject.serviceNames());
  if (names.has(query) || subject.service(query) !== undefined)
    return { query, services: [await explainService(query, subject)] };
  const read = readAddress(query);
  if (read !== undefined) {
    const addresses = new Set([query, addressOf(read)]);
    const services = await Promise.all(
      [...names].sort().map((name) => explainAddress(name, addresses, subject)),
    );
    const found = services.filter((service) => service !== undefined);
    if (found.length > 0) return { query, services: found };
  }
  return { error: unknown(query, names, subject) };
}

async function explainService(name: string, subject: ExplainSubject): Promise<ServiceExplanation> {
  const view = subject.service(name);
  return {
    ...serviceDetail(name, view, subject.served(view)),
    routed: subject.routed(name),
    remarks: subject.remarks(name),
    resources: await carriersOf(name, subject),
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

async function carriersOf(name: string, subject: ExplainSubject): Promise<readonly Carrier[]> {
  const snapshot = subject.snapshot();
  const routes = [...snapshot.set(TYPE_URL.route).values()].filter(({ references }) =>
    references.includes(name),
  );
  const own = [snapshot.set(TYPE_URL.cluster).get(name), snapshot.set(TYPE_URL.endpoints).get(name)];
  const resources = [...own.filter((resource) => resource !== undefined), ...routes].map(
    ({ typeUrl, name, version }): PublishedResource => ({ typeUrl, name, version }),
  );
  const proxies = await subject.proxyStatuses(resources);
  return resources.map(({ typeUrl, name, version }, index) => ({
    type: discoveryName(typeUrl),
    name,
    version,
    proxies: proxies[index] ?? [],
  }));
}

function unknown(query: string, names: ReadonlySet<string>, subject: ExplainSubject): string {
  const skipping = subject.skippedBy(query);
  if (skipping.length > 0) return `"${query}" is left out by skip_services of ${skipping.join(', ')}`;
  const nearest = names.size === 0 ? undefined : closest(query, [...names]);
  const near = nearest !== undefined && distance(query, nearest) <= Math.max(2, query.length / 4);
  const hint = near ? `, did you mean "${nearest}"?` : '';
  return `no registry and no route knows a service or an address "${query}"${hint}`;
}
