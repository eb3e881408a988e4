import { lengthDelimited, text, texts } from '../protobuf/wire.js';
import { makeResource, type Resource } from '../snapshot/resource.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { NameSet } from './name-set.js';
import { NONCE_LENGTH } from './nonce.js';
import { type DemandedChanges, demanded, demandedChanges, type Hosts } from './on-demand.js';
import { deltaAbsence, deltaBeat, deltaResource, sotwResource } from './resource-fields.js';
import { ResponseMemory } from './response-memory.js';
import { responseWeight } from './response-weight.js';
import type { Subscription } from './subscription.js';
import { carriesTtl } from './ttl.js';
import type { VirtualHosts } from './virtual-hosts.js';

/** The protocol variant: state of the world, or delta. */
export type Variant = 'sotw' | 'delta';

/** A response but for its nonce, made once and shared by all streams that need it. */
export interface Response {
  readonly typeUrl: string;
  /** `version_info` or `system_version_info`. */
  readonly version: string;
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  /** Of `resources`, those that differ from what the proxy had; SotW repeats the others. */
  readonly changed: readonly Resource[];
  /** The names asked for on demand that it answers, also those that nothing has. */
  readonly answered?: readonly string[];
  /** Approximate size until it is acknowledged, bytes, including names that the proxy chose. */
  readonly weight: number;
}

/** A response as it was made. The body is of no use once it was sent. */
export interface MadeResponse {
  readonly response: Response;
  /** Ends with the place of the nonce. */
  readonly body: Buffer;
}

/** What decides a response, nothing else does. */
export interface ResponseRequest {
  readonly typeUrl: string;
  readonly subscription: Subscription;
  /** What the proxy has been sent. */
  readonly held: ResourceSet;
  /** What it is to have. */
  readonly target: ResourceSet;
  /** What it is to be sent whether it changed or not. */
  readonly owed: NameSet;
  /** A response is due although there may be nothing in it. */
  readonly mustAnswer: boolean;
  /** Marks a version that must not be taken for the full state; see {@link versionMark}. */
  readonly mark: string;
  /** Of types that are asked for on demand. */
  readonly hosts?: Hosts | undefined;
}

/**
 * What decides a heartbeat. Delta names the resources that a proxy was sent with a TTL, without content. SotW sends them
 * again, for Envoy drops a SotW heartbeat without content; where a response is the full state, it sends all of that.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#xds-ttl
 */
export interface HeartbeatRequest {
  readonly typeUrl: string;
  readonly subscription: Subscription;
  readonly held: ResourceSet;
  /** The version that the proxy has. */
  readonly version: string;
  readonly rejected: ReadonlyMap<string, unknown>;
  /** What the proxy has accepted: SotW repeats that of a resource whose newer version it rejected. */
  readonly acknowledged: ResourceSet;
  /** Of types that are asked for on demand: what was sent. */
  readonly hosts?: VirtualHosts | undefined;
}

/** Bytes: a full state of some ten thousand clusters, several times. */
const REMEMBERED = 32 * 2 ** 20;

/** Makes responses, and makes each of them once. */
export class ResponseFactory {
  readonly #memory: ResponseMemory;
  #last:
    | {
        readonly variant: Variant;
        readonly request: ResponseRequest;
        readonly made: MadeResponse | undefined;
      }
    | undefined;

  /**
   * @param identifier `control_plane.identifier`
   * @param remembered how many bytes of responses are kept for other streams
   */
  constructor(
    private readonly identifier: string,
    remembered = REMEMBERED,
  ) {
    this.#memory = new ResponseMemory(remembered);
  }

  /** The response that brings a proxy from `held` to `target`; undefined where there is nothing to say. */
  response(variant: Variant, request: ResponseRequest): MadeResponse | undefined {
    // One proxy after the other is brought over the same step.
    if (this.#last?.variant === variant && equal(this.#last.request, request)) return this.#last.made;
    const { subscription, held, target, owed, mustAnswer, mark, hosts } = request;
    const key = `${variant} ${request.typeUrl} ${subscription.id} ${held.id} ${owed.id} ${mustAnswer} ${mark} ${hosts?.after.id}`;
    const made = this.#memory.once(target, key, () =>
      variant === 'sotw' ? this.#sotw(request) : this.#delta(request),
    );
    this.#last = { variant, request, made };
    return made;
  }

  /** What keeps resources from expiring; undefined where nothing that was sent would expire. */
  heartbeat(variant: Variant, request: HeartbeatRequest): MadeResponse | undefined {
    const { typeUrl, subscription, held, version, rejected, hosts } = request;
    if (held.expiring.size === 0 || !carriesTtl(variant, typeUrl)) return undefined;
    const make = () => this.#heartbeat(variant, request);
    if (rejected.size > 0) return make();
    return this.#memory.once(
      held,
      `heartbeat ${variant} ${typeUrl} ${subscription.id} ${version} ${hosts?.id}`,
      make,
    );
  }

  #sotw(request: ResponseRequest): MadeResponse | undefined {
    const { typeUrl, subscription, target, mustAnswer } = request;
    const { present, removed } = difference(request);
    const full = carriesFullState(typeUrl, subscription);
    const absent = typeUrl === TYPE_URL.runtime ? removed.map(emptyLayer) : [];
    if (present.length + absent.length === 0 && !(full && removed.length > 0) && !mustAnswer)
      return undefined;
    const resources = full ? covered(subscription, target) : [...present, ...absent];
    const version = subscription.versionOf(target) + request.mark;
    const body = Buffer.concat([
      text(1, version),
      ...resources.flatMap(sotwFields),
      text(4, typeUrl),
      lengthDelimited(6, text(1, this.identifier)),
      NONCE_FIELD,
    ]);
    const weight = responseWeight(resources.length + present.length, { made: absent });
    return { response: { typeUrl, version, resources, removed: [], changed: present, weight }, body };
  }

  #delta(request: ResponseRequest): MadeResponse | undefined {
    const { typeUrl, target, mustAnswer, hosts } = request;
    const changes: DemandedChanges =
      hosts === undefined ? { ...difference(request), ...NOT_DEMANDED } : demandedChanges(request, hosts);
    const { present, removed, aliases, absent } = changes;
    if (present.length + removed.length + absent.length === 0 && !mustAnswer) return undefined;
    const version = target.version;
    const body = Buffer.concat([
      text(1, version),
      ...present.flatMap((resource) => deltaResource(resource, aliases.get(resource.name))),
      ...absent.map(deltaAbsence),
      text(4, typeUrl),
      texts(6, removed),
      lengthDelimited(7, text(1, this.identifier)),
      NONCE_FIELD,
    ]);
    const answered = [...absent, ...present.flatMap(({ name }) => aliases.get(name) ?? [])];
    const weight = responseWeight(2 * present.length, { removed: [...removed, ...answered] });
    const response = { typeUrl, version, resources: present, removed, changed: present, weight };
    return { response: hosts === undefined ? response : { ...response, answered }, body };
  }

  #heartbeat(variant: Variant, request: HeartbeatRequest): MadeResponse | undefined {
    const { typeUrl, subscription, held, version, rejected, acknowledged, hosts } = request;
    const sent = hosts && demanded(subscription, hosts);
    const covers = (name: string) =>
      sent?.has(name) === true || (subscription.covers(name) && hosts?.concerns(name) !== false);
    const expiring = [...held.expiring].filter((name) => covers(name) && !rejected.has(name));
    if (expiring.length === 0) return undefined;
    const full = variant === 'sotw' && carriesFullState(typeUrl, subscription);
    const names = full ? covered(subscription, held).map(({ name }) => name) : expiring;
    const resources = names
      .map((name) => (rejected.has(name) ? acknowledged : held).get(name))
      .filter((resource) => resource !== undefined);
    const beats = variant === 'sotw' ? resources.flatMap(sotwFields) : resources.map(deltaBeat);
    const plane = lengthDelimited(variant === 'delta' ? 7 : 6, text(1, this.identifier));
    const body = Buffer.concat([text(1, version), ...beats, text(4, typeUrl), plane, NONCE_FIELD]);
    const weight = responseWeight(resources.length, {});
    return { response: { typeUrl, version, resources, removed: [], changed: [], weight }, body };
  }
}

const NOT_DEMANDED: Pick<DemandedChanges, 'aliases' | 'absent'> = { aliases: new Map(), absent: [] };

/**
 * SotW cannot say that a runtime layer does not exist, and Envoy waits 15 s for each at its start: an empty layer says
 * the same.
 */
function emptyLayer(name: string): Resource {
  return makeResource(TYPE_URL.runtime, name, text(1, name));
}

function equal(a: ResponseRequest, b: ResponseRequest): boolean {
  return (
    a.target === b.target &&
    a.held === b.held &&
    a.typeUrl === b.typeUrl &&
    a.subscription === b.subscription &&
    a.owed === b.owed &&
    a.mustAnswer === b.mustAnswer &&
    a.mark === b.mark &&
    a.hosts?.after.id === b.hosts?.after.id
  );
}

/** A response as streams send it: the shared body, and the nonce of those whose state this is. */
export interface Message {
  readonly body: Buffer;
  readonly nonce: string;
}

/** `nonce`, field 5 of both response types: the last one of a body, so that it can be written there. */
const NONCE_FIELD = text(5, '0'.repeat(NONCE_LENGTH));

/** The bytes of a message, in the shared body itself: gRPC copies them before anything else can run. */
export function stamped(message: Message): Buffer {
  const { body, nonce } = message;
  if (lastStamped === message) return body;
  body.write(nonce, body.length - NONCE_LENGTH, 'latin1');
  lastStamped = message;
  return body;
}

/** Streams in step send one message after the other. No other has been stamped since, so this one's nonce is in place. */
let lastStamped: Message | undefined;

/**
 * The types of which a SotW response carries everything, however they are subscribed to: what it lacks is gone.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol#grouping-resources-into-responses
 */
export function isFullState(typeUrl: string): boolean {
  return typeUrl === TYPE_URL.cluster || typeUrl === TYPE_URL.listener;
}

/**
 * Whether a SotW response to a subscription carries everything that it covers. A wildcard of any type does: the client
 * cannot learn of a removal otherwise. Responses to names of the other types carry what changed.
 */
export function carriesFullState(typeUrl: string, { wildcard }: Subscription): boolean {
  return wildcard || isFullState(typeUrl);
}

function difference(request: ResponseRequest): { readonly present: Resource[]; readonly removed: string[] } {
  const { subscription, held, target, owed } = request;
  const present: Resource[] = [];
  const removed: string[] = [];
  const add = (name: string) => {
    const resource = target.get(name);
    if (resource === undefined) removed.push(name);
    else present.push(resource);
  };
  const changed = target.differencesFrom(held);
  if (!subscription.wildcard && subscription.names.size < changed.length) {
    for (const name of subscription.names) {
      if (!owed.has(name) && target.get(name)?.version !== held.get(name)?.version) add(name);
    }
  } else {
    for (const name of changed) if (subscription.covers(name) && !owed.has(name)) add(name);
  }
  for (const name of owed) add(name);
  return { present, removed };
}

function covered(subscription: Subscription, set: ResourceSet): readonly Resource[] {
  if (subscription.wildcard) return [...set.values()];
  return [...subscription.names].map((name) => set.get(name)).filter((resource) => resource !== undefined);
}

function sotwFields(resource: Resource): readonly Uint8Array[] {
  return sotwResource(resource, carriesTtl('sotw', resource.typeUrl));
}
