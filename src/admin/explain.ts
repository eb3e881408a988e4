import { closest, distance } from 'fastest-levenshtein';
import type { ServiceView } from '../catalogue/service-view.js';
import { readAddress } from '../model/address.js';
import { addressOf, type Instance } from '../model/instance.js';
import type { Resource } from '../snapshot/resource.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { StreamView } from '../xds/csds/client-status.js';
import { type ConfigStatus, resourceStatus } from '../xds/csds/resource-status.js';
import { discoveryName } from '../xds/type-names.js';
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
  readonly streams: () => Iterable<StreamView>;
  readonly snapshot: () => Snapshot;
}

/** Where one proxy is with a resource. */
interface ProxyStatus {
  readonly node: string;
  readonly peer: string;
  readonly status: ConfigStatus;
  /** What Envoy said when it refused a version, until it accepts a newer one. */
  readonly refused?: { readonly version: string; readonly message: string };
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
export function explain(query: string, subject: ExplainSubject): Explanation {
  const names = new Set(subject.serviceNames());
  if (names.has(query) || subject.service(query) !== undefined)
    return { query, services: [explainService(query, subject)] };
  const read = readAddress(query);
  if (read !== undefined) {
    const addresses = new Set([query, addressOf(read)]);
    const services = [...names].sort().flatMap((name) => explainAddress(name, addresses, subject));
    if (services.length > 0) return { query, services };
  }
  return { error: unknown(query, names, subject) };
}

function explainService(name: string, subject: ExplainSubject): ServiceExplanation {
  const view = subject.service(name);
  return {
    ...serviceDetail(name, view, subject.served(view)),
    routed: subject.routed(name),
    remarks: subject.remarks(name),
    resources: carriersOf(name, subject),
  };
}

/** A service with nothing but what it says of these addresses, if it says anything. */
function explainAddress(
  name: string,
  addresses: ReadonlySet<string>,
  subject: ExplainSubject,
): readonly ServiceExplanation[] {
  const view = subject.service(name);
  const instances = view?.instances.filter((instance) => addresses.has(addressOf(instance))) ?? [];
  const filtered = view?.filtered.filter(({ address }) => addresses.has(address)) ?? [];
  const served = subject.served(view);
  if (instances.length + filtered.length === 0 && !served.some((one) => addresses.has(addressOf(one))))
    return [];
  const explained = explainService(name, subject);
  const here = ({ address }: { readonly address: string }) => addresses.has(address);
  return [
    {
      ...explained,
      instances: explained.instances.filter(here),
      filtered: explained.filtered.filter(here),
    },
  ];
}

function carriersOf(name: string, subject: ExplainSubject): readonly Carrier[] {
  const snapshot = subject.snapshot();
  const routes = [...snapshot.set(TYPE_URL.route).values()].filter(({ references }) =>
    references.includes(name),
  );
  const own = [snapshot.set(TYPE_URL.cluster).get(name), snapshot.set(TYPE_URL.endpoints).get(name)];
  return [...own.filter((resource) => resource !== undefined), ...routes].map((resource) =>
    carrier(resource, snapshot, subject.streams()),
  );
}

function carrier({ typeUrl, name, version }: Resource, snapshot: Snapshot, streams: Iterable<StreamView>) {
  const proxies: ProxyStatus[] = [];
  for (const { node, peer, state } of streams) {
    const type = state.types.get(typeUrl);
    const status = type && resourceStatus(type, snapshot.set(typeUrl), name);
    if (status === undefined) continue;
    const { rejection } = status;
    proxies.push({
      node: node.id,
      peer,
      status: status.status,
      ...(rejection !== undefined && { refused: { ...rejection } }),
    });
  }
  return { type: discoveryName(typeUrl), name, version, proxies };
}

function unknown(query: string, names: ReadonlySet<string>, subject: ExplainSubject): string {
  const skipping = subject.skippedBy(query);
  if (skipping.length > 0) return `"${query}" is left out by skip_services of ${skipping.join(', ')}`;
  const nearest = names.size === 0 ? undefined : closest(query, [...names]);
  const near = nearest !== undefined && distance(query, nearest) <= Math.max(2, query.length / 4);
  const hint = near ? `, did you mean "${nearest}"?` : '';
  return `no registry and no route knows a service or an address "${query}"${hint}`;
}
