import { ResourceSet } from '../snapshot/resource-set.js';
import { NameSet, type NameTable } from './name-set.js';
import type { SotwRequest } from './request.js';
import { isFullState } from './response.js';
import { Subscription } from './subscription.js';
import { answered, isNamedOnly, newTypeState, type TypeState } from './type-state.js';

/**
 * The state after a SotW request, as a pure function.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#ack-nack-and-resource-type-instance-version
 * @param before undefined for the first request of this type on the stream
 * @param set what the proxy is to have of this type
 */
export function onSotwRequest(
  before: TypeState | undefined,
  request: SotwRequest,
  set: ResourceSet,
  table: NameTable,
): TypeState {
  const listed = request.names;
  if (before === undefined) return first(request, set, table);
  const state = request.nonce === '' ? before : answered(before, request.nonce, request.error);
  const stale = request.nonce !== '' && before.nonce !== '' && request.nonce !== before.nonce;
  if (stale) {
    // It changes no subscription. But what it lets go of, it wants sent again when it names it again.
    const implicit = before.implicit && listed.size === 0;
    return { ...state, implicit, listed: table.intersection(before.listed, listed) };
  }
  const { wildcard, names } = before.subscription;
  // With a wildcard that a stale request has let go of, the names alone do not tell that nothing has changed.
  if (listed === before.listed && (before.implicit || (listed === names && !wildcard))) return state;
  const { subscription, implicit } = subscriptionOf(request, table, before.implicit && listed.size === 0);
  const added = table.difference(subscription.names, before.listed);
  // Asked for anew also where a stale request had let go of it.
  const asked = before.implicit || (before.subscription.wildcard && before.listed.has('*'));
  const wildcardAdded = subscription.wildcard && !asked;
  return {
    ...state,
    subscription,
    implicit,
    listed,
    owed: wildcardAdded
      ? NameSet.EMPTY
      : table.intersection(table.union(before.owed, added), subscription.names),
    held: wildcardAdded ? ResourceSet.EMPTY : state.held,
    mustAnswer: wildcardAdded || state.mustAnswer,
  };
}

function first(request: SotwRequest, set: ResourceSet, table: NameTable): TypeState {
  const { subscription, implicit } = subscriptionOf(request, table, request.names.size === 0);
  const known = request.versionInfo !== '' && request.versionInfo === subscription.versionOf(set);
  return {
    ...newTypeState(request.typeUrl),
    subscription,
    implicit,
    listed: request.names,
    held: known ? set : ResourceSet.EMPTY,
    // An answer that lacks a name tells a proxy that has come back that it is gone.
    mustAnswer: !known && (subscription.wildcard || isFullState(request.typeUrl)),
    ...(known && {
      acknowledged: set,
      acknowledgedVersion: request.versionInfo,
      version: request.versionInfo,
    }),
  };
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
