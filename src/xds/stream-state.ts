import type { Snapshot } from '../snapshot/snapshot.js';
import type { Steps } from '../snapshot/steps.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { childrenOf, newAssignments } from './children.js';
import { onDeltaRequest, prepareDelta } from './delta.js';
import { NameSet, type NameTable } from './name-set.js';
import { NamesByType } from './names-by-type.js';
import { nextSerial } from './nonce.js';
import { concerned, firstWords, hostsOf, isOnDemand, removedAnswers } from './on-demand.js';
import type { DeltaRequest, SotwRequest } from './request.js';
import {
  carriesFullState,
  type Message,
  type Response,
  type ResponseFactory,
  type Variant,
} from './response.js';
import { onSotwRequest, prepareSotw } from './sotw.js';
import type { StepMemory } from './step-memory.js';
import { sent, type TypeState, versionMark } from './type-state.js';
import { TypeStates } from './type-states.js';

/** All that is known of one stream. Immutable: `receive` and `next` make the next state. */
export interface StreamState {
  readonly types: TypeStates;
  /**
   * What was referred to by resources that were sent or changed, and has not been sent since. Envoy waits for it, and
   * need not ask for it again.
   */
  readonly warming: NamesByType;
  /** New clusters whose load assignments the proxy has not asked for yet: routes to them wait, see `next`. */
  readonly awaited: NameSet;
  /** Whether the client keeps what it had when a stream is lost, as Envoy does; a gRPC client may have dropped it. */
  readonly keeps: boolean;
}

/** A stream of a client of which nothing is known. */
export const NEW_STREAM: StreamState = {
  types: TypeStates.NONE,
  warming: NamesByType.NONE,
  awaited: NameSet.EMPTY,
  keeps: false,
};
const NEW_ENVOY_STREAM: StreamState = { ...NEW_STREAM, keeps: true };

/** @param userAgent the `user_agent_name` of the client's node */
export function newStream(userAgent: string): StreamState {
  return userAgent === 'envoy' ? NEW_ENVOY_STREAM : NEW_STREAM;
}

export type StreamRequest =
  | { readonly variant: 'sotw'; readonly request: SotwRequest }
  | { readonly variant: 'delta'; readonly request: DeltaRequest };

/** A step towards the snapshot: the state after it, and the response to send with it. */
export type Step =
  | { readonly state: StreamState; readonly response: Response; readonly message: Message }
  | { readonly state: StreamState; readonly response?: undefined };

/** What all streams share. */
export interface Shared {
  readonly table: NameTable;
  readonly responses: ResponseFactory;
  readonly memory: StepMemory;
}

const { cluster, endpoints, listener, route } = TYPE_URL;
/** Types in the order of sending; true: what was removed is kept for now. */
type Order = readonly (readonly [typeUrl: string, keepRemoved: boolean])[];
const AT_ONCE: Order = [cluster, endpoints, listener, route].map((typeUrl) => [typeUrl, false]);
const MAKE_BEFORE_BREAK: Order = [
  [cluster, true],
  [endpoints, true],
  [listener, false],
  [route, false],
  [cluster, false],
  [endpoints, false],
];
const ORDERED: ReadonlySet<string> = new Set(AT_ONCE.map(([typeUrl]) => typeUrl));

/** The state after a request. What is now due is asked of {@link next}. */
export function receive(
  state: StreamState,
  request: StreamRequest,
  snapshot: Snapshot,
  { memory, table }: Shared,
): StreamState {
  return memory.received(state, request.request, snapshot, () =>
    afterRequest(state, request, snapshot, table),
  );
}

/** How many names and versions a request has. */
export function namesIn({ variant, request }: StreamRequest): number {
  if (variant === 'sotw') return request.names.size;
  return request.subscribe.size + request.unsubscribe.size + request.known.size;
}

/**
 * The work that {@link receive} would do at once for a request of very many names, in steps: it finds the results in
 * the memories.
 */
export function* prepare(
  state: StreamState,
  { variant, request }: StreamRequest,
  snapshot: Snapshot,
  { table }: Shared,
): Steps<void> {
  const before = state.types.get(request.typeUrl);
  if (variant === 'sotw') yield* prepareSotw(before, request, table);
  else yield* prepareDelta(before, request, snapshot.set(request.typeUrl), table);
}

function afterRequest(
  state: StreamState,
  { variant, request }: StreamRequest,
  snapshot: Snapshot,
  table: NameTable,
): StreamState {
  const { typeUrl } = request;
  const before = state.types.get(typeUrl);
  const set = snapshot.set(typeUrl);
  let after =
    variant === 'sotw'
      ? onSotwRequest(before, request, set, table, state.keeps)
      : onDeltaRequest(before, request, set, table);
  after = owing(after, state.warming.get(typeUrl), table);
  if (before === undefined && isOnDemand(variant, typeUrl))
    after = owing(after, firstWords(snapshot, table), table);
  const types = state.types.with(after);
  if (state.awaited.size === 0) return { ...state, types };
  if (typeUrl !== endpoints) return { ...state, types };
  return { ...state, types, awaited: table.difference(state.awaited, after.subscription.names) };
}

/** The state in which names are sent whatever the client says that it has of them, as far as it asks for them. */
export function doubting(state: StreamState, typeUrl: string, names: NameSet, table: NameTable): StreamState {
  const type = state.types.get(typeUrl);
  return type === undefined || names.size === 0 ? state : withType(state, owing(type, names, table));
}

/** Stops waiting for load assignments that nobody asks for. */
export function waitNoLonger(state: StreamState): StreamState {
  return state.awaited.size === 0 ? state : { ...state, awaited: NameSet.EMPTY };
}

/**
 * The next response that the stream is due, if any. Make before break: additions go as CDS, EDS, LDS, RDS, then
 * removals in the order in which nothing refers to what goes. No response waits for an ACK, which Envoy withholds
 * while a cluster warms; but a change of routes that comes with new clusters lets their load assignments go first,
 * which Envoy asks for as soon as it has the clusters.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#eventual-consistency-considerations
 */
export function next(state: StreamState, variant: Variant, snapshot: Snapshot, shared: Shared): Step {
  return shared.memory.taken(state, variant, snapshot, () => due(state, variant, snapshot, shared));
}

function due(state: StreamState, variant: Variant, snapshot: Snapshot, shared: Shared): Step {
  let current = state;
  const order = routes(state) ? MAKE_BEFORE_BREAK : AT_ONCE;
  for (const [typeUrl, keepRemoved] of order) {
    if (waits(current, typeUrl, keepRemoved)) continue;
    const step = advance(current, variant, typeUrl, snapshot, shared, keepRemoved);
    if (step.response !== undefined) return step;
    current = step.state;
  }
  for (const { typeUrl } of state.types.values()) {
    if (ORDERED.has(typeUrl)) continue;
    const step = advance(current, variant, typeUrl, snapshot, shared, false);
    if (step.response !== undefined) return step;
    current = step.state;
  }
  return { state: current };
}

/** Whether the stream carries what refers to clusters, so that they must not go before it. */
function routes(state: StreamState): boolean {
  return state.types.has(listener) || state.types.has(route);
}

/** A request is answered at once; only a change that nobody asked for waits, and with it the removals after it. */
function waits(state: StreamState, typeUrl: string, keepRemoved: boolean): boolean {
  if (state.awaited.size === 0 || keepRemoved) return false;
  const type = state.types.get(typeUrl);
  return type !== undefined && begun(type) && type.owed.size === 0 && !type.mustAnswer;
}

/** Whether the proxy was sent something of the type, or has kept it from an earlier stream. */
function begun({ nonce, held }: TypeState): boolean {
  return nonce !== '' || held.size > 0;
}

function advance(
  state: StreamState,
  variant: Variant,
  typeUrl: string,
  snapshot: Snapshot,
  shared: Shared,
  keepRemoved: boolean,
): Step {
  const type = state.types.get(typeUrl);
  if (type === undefined) return { state };
  const wanted = snapshot.set(typeUrl);
  if (type.held === wanted && type.owed.size === 0 && !type.mustAnswer) return { state };
  const target = keepRemoved ? wanted.withRemovedOf(type.held) : wanted;
  const { subscription, held, owed, mustAnswer } = type;
  const mark = variant === 'delta' || carriesFullState(typeUrl, subscription) ? '' : versionMark(type);
  const hosts = isOnDemand(variant, typeUrl)
    ? hostsOf(held, target, snapshot, state.types.get(route)?.subscription)
    : undefined;
  const request = { typeUrl, subscription, held, target, owed, mustAnswer, mark, hosts };
  let made = shared.responses.response(variant, request);
  if (made !== undefined && type.doubtful.size > 0) {
    const again = shared.table.union(owed, concerned(type, type.doubtful, shared.table));
    made = shared.responses.response(variant, { ...request, owed: again });
  }
  if (made === undefined) {
    if (keepRemoved) return { state };
    return { state: withType(state, { ...type, held: target, owed: NameSet.EMPTY }) };
  }
  const { response, body } = made;
  let sending = sent(type, response, nextSerial(typeUrl, target, type.serial), target);
  if (hosts !== undefined)
    sending = owing(sending, removedAnswers(type, response, shared.table), shared.table);
  const message = { body, nonce: sending.nonce };
  const warming = state.warming.with(typeUrl, NameSet.EMPTY);
  const after = withChildren({ ...withType(state, sending), warming }, response, shared.table);
  return {
    state: typeUrl === cluster ? withAwaited(after, type, response, shared.table) : after,
    response,
    message,
  };
}

function withType(state: StreamState, type: TypeState): StreamState {
  return { ...state, types: state.types.with(type) };
}

/**
 * Envoy warms a cluster or a listener whose definition changed: it waits for what that refers to, changed or not, and
 * asks for it again in SotW at most. So it is sent after the definition, whoever refers to it.
 */
function withChildren(state: StreamState, response: Response, table: NameTable): StreamState {
  let after = state;
  for (const [typeUrl, names] of childrenOf(response, table)) {
    const type = after.types.get(typeUrl);
    after =
      type === undefined
        ? { ...after, warming: after.warming.with(typeUrl, table.union(after.warming.get(typeUrl), names)) }
        : withType(after, owing(type, names, table));
  }
  return after;
}

/** Routes wait for the load assignments of clusters that are new. */
function withAwaited(
  state: StreamState,
  before: TypeState,
  response: Response,
  table: NameTable,
): StreamState {
  const assignments = state.types.get(endpoints);
  if (!begun(before) || !routes(state) || assignments?.subscription.wildcard === true) return state;
  const added = newAssignments(response, before.held, table);
  const asked = assignments?.subscription.names ?? NameSet.EMPTY;
  return { ...state, awaited: table.union(state.awaited, table.difference(added, asked)) };
}

function owing(type: TypeState, names: NameSet, table: NameTable): TypeState {
  if (names.size === 0) return type;
  return { ...type, owed: table.union(type.owed, concerned(type, names, table)) };
}
