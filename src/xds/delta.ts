import { ResourceSet } from '../snapshot/resource-set.js';
import { atOnce, Piece, type Steps } from '../snapshot/steps.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { NameSet, NameTable } from './name-set.js';
import { concerned, isOnDemand } from './on-demand.js';
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
  const state = request.nonce === '' ? before : afterAnswer(before, request, table);
  if (request.subscribe.size === 0 && request.unsubscribe.size === 0) return state;

  const { wildcard, fresh, names, owed } = atOnce(asked(state, request, table));
  return {
    ...state,
    subscription: Subscription.of(wildcard, names),
    owed: fresh ? table.union(owed, everythingFrom(state, set, table)) : owed,
    mustAnswer: fresh || state.mustAnswer,
  };
}

/**
 * A rejected heartbeat, which is no outstanding response, says that the proxy let resources expire: a heartbeat was late.
 * They are sent again, with their content.
 */
function afterAnswer(before: TypeState, { nonce, error }: DeltaRequest, table: NameTable): TypeState {
  const state = answered(before, nonce, error, false, table);
  const { held, owed } = state;
  if (error === undefined || state !== before || held.expiring.size === 0) return state;
  return { ...state, owed: table.union(owed, concerned(state, table.of(held.expiring), table)) };
}

/** What {@link onDeltaRequest} will need of the names of a request, worked out in steps. */
export function* prepareDelta(
  before: TypeState | undefined,
  request: DeltaRequest,
  set: ResourceSet,
  table: NameTable,
): Steps<void> {
  if (before !== undefined) yield* asked(before, request, table);
  else if (request.known.size > 0) yield* unknownOf(request, firstSubscription(request, table), set, table);
}

/** The types that clients ask for only once others have named them. */
const FOLLOWING: ReadonlySet<string> = new Set([TYPE_URL.endpoints, TYPE_URL.route]);

interface Asked {
  readonly wildcard: boolean;
  /** The wildcard is new. */
  readonly fresh: boolean;
  readonly names: NameSet;
  readonly owed: NameSet;
}

/** What a stream asks for after a request. */
function* asked(before: TypeState, request: DeltaRequest, table: NameTable): Steps<Asked> {
  const wildcardAdded = request.subscribe.has('*');
  const wildcardDropped = request.unsubscribe.has('*') && !wildcardAdded;
  const wildcard = wildcardAdded || (before.subscription.wildcard && !wildcardDropped);
  const subscribed = table.difference(request.subscribe, table.star);
  const dropped = yield* table.differenceInSteps(
    yield* table.intersectionInSteps(request.unsubscribe, before.subscription.names),
    subscribed,
  );
  const kept = yield* table.differenceInSteps(before.subscription.names, dropped);
  const names = yield* table.unionInSteps(kept, subscribed);
  const owed = yield* table.unionInSteps(before.owed, subscribed);
  const fresh = wildcardAdded && !before.subscription.wildcard;
  // What the wildcard still covers is told to the proxy, which has just forgotten it by name.
  if (wildcard) return { wildcard, fresh, names, owed: yield* table.unionInSteps(owed, dropped) };
  if (isOnDemand('delta', before.typeUrl))
    return { wildcard, fresh, names, owed: yield* table.differenceInSteps(owed, dropped) };
  return { wildcard, fresh, names, owed: yield* table.intersectionInSteps(owed, names) };
}

/** All that there is, and what is gone but may still reach the proxy with a response that is under way. */
function everythingFrom(state: TypeState, set: ResourceSet, table: NameTable): NameSet {
  const underWay = state.outstanding.flatMap(({ response }) => response.resources.map(({ name }) => name));
  return table.of([...set.names(), ...underWay]);
}

function first(request: DeltaRequest, set: ResourceSet, table: NameTable): TypeState {
  const subscription = firstSubscription(request, table);
  const { wildcard, names } = subscription;
  const base = { ...newTypeState(request.typeUrl), subscription };
  if (request.known.size === 0) {
    // A client may wait at its start for any answer, so that one who asks for nothing gets it. Assignments and routes
    // are asked for because of clusters and listeners alone: nobody waits for them in vain.
    const mustAnswer = wildcard || (names.size === 0 && !FOLLOWING.has(request.typeUrl));
    return { ...base, owed: names, held: wildcard ? ResourceSet.EMPTY : set, mustAnswer };
  }
  return { ...base, held: set, owed: atOnce(unknownOf(request, subscription, set, table)) };
}

function firstSubscription(request: DeltaRequest, table: NameTable): Subscription {
  // An Envoy that has asked for hosts on demand names only those when it comes back, and not the rest that it has.
  const returning = isOnDemand('delta', request.typeUrl) && request.known.size > 0;
  const implicit = (request.subscribe.size === 0 && !isNamedOnly(request.typeUrl)) || returning;
  const names = table.difference(request.subscribe, table.star);
  return Subscription.of(implicit || request.subscribe.has('*'), names);
}

/** What a proxy that has come back does not have: what differs from the versions it told, and what is gone. */
function* unknownOf(
  request: DeltaRequest,
  subscription: Subscription,
  set: ResourceSet,
  table: NameTable,
): Steps<NameSet> {
  const cached = KNOWN.get(request.known);
  if (cached?.subscription === subscription && cached.set === set) return cached.owed;
  const missing: string[] = [];
  const piece = new Piece();
  for (const [name, version] of request.known) {
    if (piece.endsWith(name)) yield;
    if (subscription.covers(name) && set.get(name)?.version !== version) missing.push(name);
  }
  for (const name of subscription.wildcard ? set.names() : subscription.names) {
    if (!request.known.has(name)) missing.push(name);
  }
  for (const name of subscription.wildcard ? subscription.names : []) {
    if (!request.known.has(name) && set.get(name) === undefined) missing.push(name);
  }
  const owed = yield* table.ofInSteps(missing);
  KNOWN.set(request.known, { subscription, set, owed });
  return owed;
}

const KNOWN = new WeakMap<
  DeltaRequest['known'],
  { readonly subscription: Subscription; readonly set: ResourceSet; readonly owed: NameSet }
>();
