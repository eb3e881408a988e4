import { printable } from '../base/printable.js';
import type { Resource } from '../snapshot/resource.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import { ResourceSet as Sets } from '../snapshot/resource-set.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { mentionedIn } from './mentions.js';
import type { NameSet, NameTable } from './name-set.js';
import { NameSet as Names } from './name-set.js';
import { nonceOf } from './nonce.js';
import type { RequestError } from './request-parts.js';
import type { Response } from './response.js';
import { Subscription } from './subscription.js';

/** A response that was sent and neither acknowledged nor rejected yet. */
export interface Outstanding {
  readonly nonce: string;
  readonly response: Response;
  /** What the proxy has if it accepts. */
  readonly held: ResourceSet;
}

export interface Rejection {
  readonly version: string;
  readonly message: string;
}

/** All that a stream knows of one resource type. Immutable; the functions beside it make the next state. */
export interface TypeState {
  readonly typeUrl: string;
  readonly subscription: Subscription;
  /** SotW: a wildcard because the first request named nothing, until a request names something. */
  readonly implicit: boolean;
  /** What has been sent, as far as the subscription covers it. */
  readonly held: ResourceSet;
  /** To be sent whether it changed or not. */
  readonly owed: NameSet;
  readonly mustAnswer: boolean;
  /** The number of the last response, see {@link nextSerial}, and its text, the nonce; 0 and empty before the first. */
  readonly serial: number;
  readonly nonce: string;
  readonly version: string;
  readonly outstanding: readonly Outstanding[];
  readonly acknowledged: ResourceSet;
  readonly acknowledgedVersion: string;
  /** What the proxy rejected, by resource name, until it accepts a newer one. */
  readonly rejected: ReadonlyMap<string, Rejection>;
  /**
   * What a rejected response added, changed or removed and the next one says again: an Envoy applies part of a response
   * that it rejects, so that nobody knows what it has.
   */
  readonly doubtful: NameSet;
  /** Rejections since the last acceptance that were followed by all that they did not name. */
  readonly repairs: number;
  /** SotW: the names that the proxy last said it wants, stale requests included. */
  readonly listed: NameSet;
}

const NOTHING_REJECTED: TypeState['rejected'] = new Map();

export function newTypeState(typeUrl: string): TypeState {
  return {
    typeUrl,
    subscription: Subscription.NONE,
    implicit: false,
    held: Sets.EMPTY,
    owed: Names.EMPTY,
    mustAnswer: false,
    serial: 0,
    nonce: '',
    version: '',
    outstanding: [],
    acknowledged: Sets.EMPTY,
    acknowledgedVersion: '',
    rejected: NOTHING_REJECTED,
    doubtful: Names.EMPTY,
    repairs: 0,
    listed: Names.EMPTY,
  };
}

const NAMED_ONLY: ReadonlySet<string> = new Set([
  TYPE_URL.endpoints,
  TYPE_URL.route,
  TYPE_URL.secret,
  TYPE_URL.extensionConfig,
  TYPE_URL.runtime,
]);

/**
 * Types that a first request without names does not subscribe to as a whole. Clients ask for these by name; an Envoy
 * without TLS listeners would otherwise be sent every private key of its group. Virtual hosts are not among them: Envoy
 * starts with a request without names and takes what belongs to its route configurations.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#how-the-client-specifies-what-resources-to-return
 */
export function isNamedOnly(typeUrl: string): boolean {
  return NAMED_ONLY.has(typeUrl);
}

/** The bound on what is remembered of a proxy that never answers. */
export const MOST_OUTSTANDING = 32;
const MOST_REJECTED = 100;

/** The state after a response was written. */
export function sent(state: TypeState, response: Response, serial: number, held: ResourceSet): TypeState {
  const nonce = nonceOf(serial);
  const waiting =
    state.outstanding.length < MOST_OUTSTANDING ? state.outstanding : state.outstanding.slice(1);
  const outstanding = [...waiting, { nonce, response, held }];
  return {
    ...state,
    held,
    owed: Names.EMPTY,
    doubtful: Names.EMPTY,
    mustAnswer: false,
    serial,
    nonce,
    version: response.version,
    outstanding,
  };
}

/** A proxy that rejects everything is not sent what it did not name more often than this in a row. */
const MOST_REPAIRS = 3;

/**
 * The state after a request answered a response: an ACK, or with `error` a NACK. Older responses count as passed.
 * @param full whether each response says everything, as SotW's do of clusters and listeners
 */
export function answered(
  state: TypeState,
  nonce: string,
  error: RequestError | undefined,
  full: boolean,
  table: NameTable,
): TypeState {
  const index = state.outstanding.findIndex((entry) => entry.nonce === nonce);
  const entry = state.outstanding[index];
  if (entry === undefined) return state;
  const outstanding = state.outstanding.slice(index + 1);
  if (error !== undefined) {
    const rejected = withRejection(state.rejected, entry.response, error);
    return { ...state, outstanding, rejected, ...afterRejection(state, entry.response, error, full, table) };
  }
  return {
    ...state,
    outstanding,
    ...afterAcceptance(state, entry.response, table),
    repairs: 0,
    acknowledged: entry.held,
    acknowledgedVersion: entry.response.version,
    rejected: state.rejected.size === 0 ? state.rejected : withoutAccepted(state.rejected, entry.response),
  };
}

/**
 * Envoy applies part of a response that it rejects, records the version of none of it, and after a reconnect reports
 * the versions from before. So what it was not sent in vain is said again: immediately where its message names what it
 * rejects, so that it records what it has before it can meet another replica; else with the next response, since the
 * same content would be rejected again.
 */
function afterRejection(
  state: TypeState,
  response: Response,
  error: RequestError,
  full: boolean,
  table: NameTable,
): Pick<TypeState, 'owed' | 'doubtful' | 'repairs'> {
  const { owed, doubtful, repairs, subscription } = state;
  const { resources, named } = suspectsOf(response, error.message);
  const touched = toSayAgain(subscription, response, table);
  const innocent = named ? table.difference(touched, table.of(resources.map(({ name }) => name))) : touched;
  const covered = subscription.coveredOf(innocent, table);
  if (named && !full && repairs < MOST_REPAIRS)
    return { owed: table.union(owed, covered), doubtful, repairs: repairs + 1 };
  return { owed, doubtful: table.union(doubtful, covered), repairs };
}

/**
 * A response that was sent before a rejection came has left something in doubt. Its acceptance shows that what there is now
 * need not be rejected, so that the rest is said again, and what it refers to after it.
 */
function afterAcceptance(
  { owed, doubtful, subscription }: TypeState,
  response: Response,
  table: NameTable,
): Pick<TypeState, 'owed' | 'doubtful'> {
  if (doubtful.size === 0) return { owed, doubtful };
  const said = table.of([...response.changed.map(({ name }) => name), ...response.removed]);
  const unsaid = table.difference(doubtful, said);
  return { owed: table.union(owed, subscription.coveredOf(unsaid, table)), doubtful: Names.EMPTY };
}

/** Above this number of missing names it is cheaper to resend the whole subscription than to compare each name. */
const MANY_REMOVED = 1_000;

function toSayAgain({ wildcard, names }: Subscription, response: Response, table: NameTable): NameSet {
  return !wildcard && response.removed.length > MANY_REMOVED ? names : touchedBy(response, table);
}

const TOUCHED = new WeakMap<Response, NameSet>();

/** What a response added, changed or removed. */
export function touchedBy(response: Response, table: NameTable): NameSet {
  let names = TOUCHED.get(response);
  if (names === undefined) {
    const { changed, resources, removed, answered = [] } = response;
    const sent = (changed.length > 0 ? changed : resources).map(({ name }) => name);
    names = table.of([...sent, ...removed, ...answered]);
    TOUCHED.set(response, names);
  }
  return names;
}

/** The version that the proxy goes by: the last one that was sent, if it has not rejected that. */
export function currentVersion(state: TypeState): string {
  return state.outstanding.length > 0 ? state.version : state.acknowledgedVersion;
}

function withRejection(
  rejected: TypeState['rejected'],
  response: Response,
  error: RequestError,
): TypeState['rejected'] {
  const { resources } = suspectsOf(response, error.message);
  const message = printable(error.message);
  const next = new Map(rejected);
  for (const resource of resources.slice(0, MOST_REJECTED)) {
    next.set(resource.name, { version: resource.version, message });
  }
  return new Map([...next].slice(-MOST_REJECTED));
}

/** Envoy names the resources it refuses in its message; where it names none, all that changed are suspect. */
export function suspectsOf(response: Response, message: string): Suspects {
  const known = SUSPECTS.get(response);
  if (known?.message === message) return known.suspects;
  const candidates = response.changed.length > 0 ? response.changed : response.resources;
  const names = mentionedIn(
    message,
    candidates.map(({ name }) => name),
  );
  const named = names.size === 0 ? [] : candidates.filter(({ name }) => names.has(name));
  const suspects =
    named.length > 0 ? { resources: named, named: true } : { resources: candidates, named: false };
  SUSPECTS.set(response, { message, suspects });
  return suspects;
}

interface Suspects {
  readonly resources: readonly Resource[];
  readonly named: boolean;
}

/** The last message about a response: several ask. */
const SUSPECTS = new WeakMap<Response, { readonly message: string; readonly suspects: Suspects }>();

function withoutAccepted(rejected: TypeState['rejected'], response: Response): TypeState['rejected'] {
  const next = new Map(rejected);
  for (const resource of response.resources) next.delete(resource.name);
  for (const name of response.removed) next.delete(name);
  return next.size === 0 ? NOTHING_REJECTED : next;
}

/**
 * SotW's version_info stands for the whole of what a proxy holds of a type that is sent piece by piece. While the
 * proxy refuses a piece it does not hold that whole, so the version is marked: after a reconnect it is not taken
 * for the state without the mark.
 */
export function versionMark(state: TypeState): string {
  return state.rejected.size > 0 ? `+rejected.${state.rejected.size}` : '';
}
