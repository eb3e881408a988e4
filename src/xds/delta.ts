import { ResourceSet } from '../snapshot/resource-set.js';
import { NameSet, type NameTable } from './name-set.js';
import type { DeltaRequest } from './request.js';
import { Subscription } from './subscription.js';
import { answered, isNamedOnly, newTypeState, type TypeState } from './type-state.js';

/**
 * The state after a delta request, as a pure function. Nonces say what is acknowledged and nothing else: a change of
 * the subscription counts whatever the nonce.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#incremental-xds
 * @param before undefined for the first request of this type on the stream
 * @param set what the proxy is to have of this type
 */
export function onDeltaRequest(
  before: TypeState | undefined,
  request: DeltaRequest,
  set: ResourceSet,
  table: NameTable,
): TypeState {
  if (before === undefined) return first(request, set, table);
  const state = request.nonce === '' ? before : answered(before, request.nonce, request.error);
  if (request.subscribe.size === 0 && request.unsubscribe.size === 0) return state;

  const wildcardAdded = request.subscribe.has('*');
  const wildcardDropped = request.unsubscribe.has('*') && !wildcardAdded;
  const wildcard = wildcardAdded || (before.subscription.wildcard && !wildcardDropped);
  const subscribed = table.difference(request.subscribe, table.star);
  const dropped = table.difference(
    table.intersection(request.unsubscribe, before.subscription.names),
    subscribed,
  );
  const names = table.union(table.difference(before.subscription.names, dropped), subscribed);
  // What the wildcard still covers is told to the proxy, which has just forgotten it by name.
  const owed = table.union(table.union(before.owed, subscribed), wildcard ? dropped : NameSet.EMPTY);
  const fresh = wildcardAdded && !before.subscription.wildcard;
  const everything = fresh ? everythingFrom(state, set, table) : NameSet.EMPTY;
  return {
    ...state,
    subscription: Subscription.of(wildcard, names),
    implicit: before.implicit && wildcard,
    owed: wildcard ? table.union(owed, everything) : table.intersection(owed, names),
    mustAnswer: fresh || state.mustAnswer,
  };
}

/** All that there is, and what is gone but may still reach the proxy with a response that is under way. */
function everythingFrom(state: TypeState, set: ResourceSet, table: NameTable): NameSet {
  const underWay = state.outstanding.flatMap(({ response }) => response.resources.map(({ name }) => name));
  return table.of([...set.names(), ...underWay]);
}

function first(request: DeltaRequest, set: ResourceSet, table: NameTable): TypeState {
  const implicit = request.subscribe.size === 0 && !isNamedOnly(request.typeUrl);
  const wildcard = implicit || request.subscribe.has('*');
  const names = table.difference(request.subscribe, table.star);
  const subscription = Subscription.of(wildcard, names);
  const base = { ...newTypeState(request.typeUrl), subscription, implicit };
  if (request.known.size === 0) {
    return { ...base, owed: names, held: wildcard ? ResourceSet.EMPTY : set, mustAnswer: wildcard };
  }
  return { ...base, held: set, owed: unknownOf(request, subscription, set, table) };
}

/** What a proxy that has come back does not have: what differs from the versions it told, and what is gone. */
function unknownOf(
  request: DeltaRequest,
  subscription: Subscription,
  set: ResourceSet,
  table: NameTable,
): NameSet {
  const cached = KNOWN.get(request.known);
  if (cached?.subscription === subscription && cached.set === set) return cached.owed;
  const missing: string[] = [];
  for (const [name, version] of request.known) {
    if (subscription.covers(name) && set.get(name)?.version !== version) missing.push(name);
  }
  for (const name of subscription.wildcard ? set.names() : subscription.names) {
    if (!request.known.has(name)) missing.push(name);
  }
  for (const name of subscription.wildcard ? subscription.names : []) {
    if (!request.known.has(name) && set.get(name) === undefined) missing.push(name);
  }
  const owed = table.of(missing);
  KNOWN.set(request.known, { subscription, set, owed });
  return owed;
}

const KNOWN = new WeakMap<
  DeltaRequest['known'],
  { readonly subscription: Subscription; readonly set: ResourceSet; readonly owed: NameSet }
>();
