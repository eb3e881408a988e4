import { ResourceSet } from '../snapshot/resource-set.js';
import { atOnce, type Steps } from '../snapshot/steps.js';
import { NameSet, type NameTable } from './name-set.js';
import type { SotwRequest } from './request.js';
import { carriesFullState, isFullState } from './response.js';
import { Subscription } from './subscription.js';
import { carriesTtl } from './ttl.js';
import { answered, isNamedOnly, newTypeState, type TypeState } from './type-state.js';

/**
 * The state after a SotW request, as a pure function.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#ack-nack-and-resource-type-instance-version
 * @param before undefined for the first request of this type on the stream
 * @param set what the proxy is to have of this type
 * @param keeps whether the client keeps what it had when a stream is lost
 */
export function onSotwRequest(
  before: TypeState | undefined,
  request: SotwRequest,
  set: ResourceSet,
  table: NameTable,
  keeps = false,
): TypeState {
  const listed = request.names;
  if (before === undefined) return first(request, set, table, keeps);
  const full = carriesFullState(request.typeUrl, before.subscription);
  const state = request.nonce === '' ? before : answered(before, request.nonce, request.error, full, table);
  if (isStale(before, request)) {
    // It changes no subscription. But what it lets go of, it wants sent again when it names it again.
    const implicit = before.implicit && listed.size === 0;
    return { ...state, implicit, listed: table.intersection(before.listed, listed) };
  }
  const { wildcard, names } = before.subscription;
  // With a wildcard that a stale request has let go of, the names alone do not tell that nothing has changed.
  if (listed === before.listed && (before.implicit || (listed === names && !wildcard))) return state;
  const { subscription, implicit } = subscriptionOf(request, table, before.implicit && listed.size === 0);
  // Asked for anew also where a stale request had let go of it.
  const asked = before.implicit || (before.subscription.wildcard && before.listed.has('*'));
  const wildcardAdded = subscription.wildcard && !asked;
  return {
    ...state,
    subscription,
    implicit,
    listed,
    owed: wildcardAdded ? NameSet.EMPTY : atOnce(owedAfter(state, subscription.names, table)),
    held: wildcardAdded ? ResourceSet.EMPTY : state.held,
    mustAnswer: wildcardAdded || state.mustAnswer,
  };
}

/** What {@link onSotwRequest} will need of the names of a request, worked out in steps. */
export function* prepareSotw(
  before: TypeState | undefined,
  request: SotwRequest,
  table: NameTable,
): Steps<void> {
  if (before === undefined || request.names === before.listed) return;
  if (isStale(before, request)) yield* table.intersectionInSteps(before.listed, request.names);
  else yield* owedAfter(before, subscriptionOf(request, table, false).subscription.names, table);
}

function isStale(before: TypeState, { nonce }: SotwRequest): boolean {
  return nonce !== '' && before.nonce !== '' && nonce !== before.nonce;
}

/** What is to be sent of these names whether it changed or not: those that were not asked for before, and what was owed. */
function* owedAfter(before: TypeState, names: NameSet, table: NameTable): Steps<NameSet> {
  const added = yield* table.differenceInSteps(names, before.listed);
  return yield* table.intersectionInSteps(yield* table.unionInSteps(before.owed, added), names);
}

/**
 * The state after the first request of a type on a stream. A version that equals the server's does not prove that the
 * client has all of it:
 * - An Envoy applies part of a response that it rejects, and then reports the version from before. Clusters and
 *   listeners are always sent; it skips those that are equal.
 * - A gRPC client that dropped a watch while the server was away still reports the version, and waits for the resource.
 */
function first(request: SotwRequest, set: ResourceSet, table: NameTable, keeps: boolean): TypeState {
  const { typeUrl } = request;
  const { subscription, implicit } = subscriptionOf(request, table, request.names.size === 0);
  const known = request.versionInfo !== '' && request.versionInfo === subscription.versionOf(set);
  const full = isFullState(typeUrl);
  return {
    ...newTypeState(typeUrl),
    subscription,
    implicit,
    listed: request.names,
    held: known ? set : ResourceSet.EMPTY,
    owed: known && (keeps || full) ? expiring(typeUrl, subscription, set, table) : subscription.names,
    // An answer that lacks a name tells a proxy that has come back that it is gone.
    mustAnswer: full || (!known && subscription.wildcard),
    ...(known && {
      acknowledged: set,
      acknowledgedVersion: request.versionInfo,
      version: request.versionInfo,
    }),
  };
}

/** What may have expired while the client was away, which goes on to report the version. */
function expiring(typeUrl: string, subscription: Subscription, set: ResourceSet, table: NameTable): NameSet {
  if (set.expiring.size === 0 || !carriesTtl('sotw', typeUrl)) return NameSet.EMPTY;
  return subscription.coveredOf(table.of(set.expiring), table);
}

function subscriptionOf(
  request: SotwRequest,
  table: NameTable,
  mayBeImplicit: boolean,
): { readonly subscription: Subscription; readonly implicit: boolean } {
  const implicit = mayBeImplicit && !isNamedOnly(request.typeUrl);
  if (!request.names.has('*')) return { subscription: Subscription.of(implicit, request.names), implicit };
  return {
    subscription: Subscription.of(true, table.difference(request.names, table.star)),
    implicit: false,
  };
}
