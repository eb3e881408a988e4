import type { Resource } from '../../snapshot/resource.js';
import type { ResourceSet } from '../../snapshot/resource-set.js';
import type { Response } from '../response.js';
import type { Rejection, TypeState } from '../type-state.js';

/** How a control plane sees a resource at a proxy, in the terms of `envoy.service.status.v3.ConfigStatus`. */
export type ConfigStatus =
  /** Sent and accepted, or told by the proxy that it has it. */
  | 'SYNCED'
  /** Not sent yet, or there is no such resource. */
  | 'NOT_SENT'
  /** Sent, and neither accepted nor refused yet; a type also where something of it is still to be sent. */
  | 'STALE'
  /** Sent and rejected. */
  | 'ERROR'
  /** Part of a response that was rejected: an Envoy may have applied it. */
  | 'UNKNOWN';

export interface ResourceStatus {
  readonly name: string;
  readonly status: ConfigStatus;
  /** What the proxy is to have; undefined where it asks for what there is not. */
  readonly resource: Resource | undefined;
  /** The last version that the proxy refused, until it accepts a newer one. */
  readonly rejection: Rejection | undefined;
}

/**
 * Where a proxy is with each resource of a type that it asks for. They are told one after the other, so that very many
 * need not be held at a time.
 * @param target what the proxy is to have of this type
 */
export function* resourceStatuses(type: TypeState, target: ResourceSet): Generator<ResourceStatus> {
  const { wildcard, names } = type.subscription;
  if (wildcard) for (const name of target.names()) yield statusOf(type, target, name);
  for (const name of names)
    if (!wildcard || target.get(name) === undefined) yield statusOf(type, target, name);
}

/** Where a proxy is with one resource; undefined for one that it does not ask for. */
export function resourceStatus(
  type: TypeState,
  target: ResourceSet,
  name: string,
): ResourceStatus | undefined {
  return type.subscription.covers(name) ? statusOf(type, target, name) : undefined;
}

/** Where a proxy is with a type as a whole. */
export function typeStatus(type: TypeState): ConfigStatus {
  if (type.doubtful.size > 0) return 'UNKNOWN';
  if (type.rejected.size > 0) return 'ERROR';
  if (type.outstanding.length > 0) return 'STALE';
  if (type.version === '' && type.held.size === 0) return 'NOT_SENT';
  return type.owed.size > 0 ? 'STALE' : 'SYNCED';
}

function statusOf(type: TypeState, target: ResourceSet, name: string): ResourceStatus {
  const resource = target.get(name);
  const rejection = type.rejected.get(name);
  return { name, status: statusIn(type, name, resource?.version, rejection), resource, rejection };
}

function statusIn(
  type: TypeState,
  name: string,
  version: string | undefined,
  rejection: Rejection | undefined,
): ConfigStatus {
  // Its response was rejected for another resource, and it is said again.
  if (type.doubtful.has(name) || (type.repairs > 0 && type.owed.has(name))) return 'UNKNOWN';
  if (version === undefined || type.owed.has(name) || type.held.get(name)?.version !== version)
    return 'NOT_SENT';
  if (isPending(type, name)) return 'STALE';
  if (rejection?.version === version) return 'ERROR';
  // A proxy that has come back is not sent what it says it has, so that it never acknowledges it.
  const accepted = type.acknowledged.get(name)?.version === version || type.rejected.size === 0;
  return accepted ? 'SYNCED' : 'STALE';
}

/** Whether a resource has changed in a response that is not answered yet. */
function isPending({ outstanding }: TypeState, name: string): boolean {
  return outstanding.some(({ response }) => changedIn(response).has(name));
}

const CHANGED = new WeakMap<Response, ReadonlySet<string>>();

function changedIn(response: Response): ReadonlySet<string> {
  let names = CHANGED.get(response);
  if (names === undefined) {
    names = new Set(response.changed.map(({ name }) => name));
    CHANGED.set(response, names);
  }
  return names;
}
