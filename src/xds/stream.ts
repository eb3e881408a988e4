import { status } from '@grpc/grpc-js';
import { messageOf, SignalboxError } from '../errors.js';
import type { Group } from '../snapshot/cache.js';
import { Snapshot } from '../snapshot/snapshot.js';
import { isLong, STEP, type Steps } from '../snapshot/steps.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { withoutClaims } from './claims.js';
import type { Admitted, OpenCall } from './guard/gate.js';
import { StreamGuard } from './guard/stream-guard.js';
import { Heartbeat } from './heartbeat.js';
import { Inbox } from './inbox.js';
import { type ProxyNode, UNKNOWN_NODE } from './node.js';
import { bytesOfNode } from './node-excerpt.js';
import { Outlet } from './outlet.js';
import { Patience } from './patience.js';
import { ProxyIdentity } from './proxy-identity.js';
import type { Variant } from './response.js';
import type { StreamCall } from './stream-call.js';
import type { StreamDependencies } from './stream-dependencies.js';
import { StreamJournal } from './stream-journal.js';
import { StreamRequests } from './stream-requests.js';
import {
  beat,
  doubting,
  leastTtl,
  NEW_STREAM,
  namesIn,
  newStream,
  next,
  prepare,
  receive,
  type StreamRequest,
  type StreamState,
  waitNoLonger,
} from './stream-state.js';

const ENVOY_TYPES: ReadonlySet<string> = new Set(Object.values(TYPE_URL));
/** How long a change of routes waits for the proxy to ask for the load assignments of new clusters, milliseconds. */
const AWAIT_LIMIT = 500;

/** One xDS stream of one proxy: brings requests and snapshots to the state machine and its responses to gRPC. */
export class XdsStream {
  readonly connectedAt = Date.now();
  readonly #guard: StreamGuard;
  #permission: OpenCall['permission'];
  readonly #account: OpenCall['account'];
  readonly #inbox: Inbox;
  #state: StreamState = NEW_STREAM;
  readonly #identity: ProxyIdentity;
  #snapshot: Snapshot | undefined;
  readonly #outlet: Outlet;
  #open = true;
  #failure: string | undefined;
  readonly #patience = new Patience(AWAIT_LIMIT, () => this.#losePatience());
  readonly #heartbeat = new Heartbeat(() => this.#beat());
  readonly #journal: StreamJournal;
  readonly #requests: StreamRequests;

  constructor(
    readonly id: number,
    readonly variant: Variant,
    typeUrl: string | undefined,
    private readonly call: StreamCall,
    open: OpenCall,
    private readonly deps: StreamDependencies,
  ) {
    this.#permission = open.permission;
    this.#account = open.account;
    this.#identity = new ProxyIdentity(deps);
    this.#journal = new StreamJournal(this, deps.logger, deps.observer);
    this.#requests = new StreamRequests(deps.reader, variant, typeUrl);
    this.#inbox = new Inbox(
      {
        pause: () => this.call.pause(),
        resume: () => this.call.resume(),
        work: (request) => this.#work(request),
        worked: (milliseconds) => this.#guard.worked(milliseconds),
        hold: (bytes) => this.#hold(bytes),
        release: (bytes) => this.#account.release(bytes),
      },
      deps.turns,
    );
    this.#guard = new StreamGuard(deps.limits, open.account, {
      pause: () => this.#inbox.hold('limit'),
      resume: () => this.#inbox.release('limit'),
      unread: (details) => {
        this.#journal.unread(details);
        this.#fail(status.RESOURCE_EXHAUSTED, details);
        // The status stands behind what is not read.
        this.deps.cut(this.peer);
      },
      silent: (details) => this.#fail(status.DEADLINE_EXCEEDED, details),
    });
    this.#outlet = new Outlet(call, this.#guard, deps.observer, this.#pumpAgain);
  }

  get node(): ProxyNode {
    return this.#identity.node;
  }

  get group(): Group | undefined {
    return this.#identity.group;
  }

  get peer(): string {
    return this.call.getPeer();
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Why this side has ended the stream; undefined where it has not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Starts to listen to the proxy; `closed` is called once, when the stream has ended. */
  start(closed: () => void): void {
    const close = () => {
      if (!this.#open) return;
      this.#open = false;
      this.#guard.end();
      this.#inbox.end();
      this.#patience.end();
      this.#heartbeat.end();
      this.deps.doubts.remember(this.#identity.key, this.#state);
      closed();
    };
    this.call.on('data', (bytes: Uint8Array) => {
      if (this.#open) this.#inbox.take(bytes);
      this.#guard.arrived();
    });
    this.call.on('end', () => {
      this.call.end();
      close();
    });
    this.call.on('error', close);
    this.call.on('cancelled', close);
  }

  /** The group has a new snapshot. */
  push(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#inbox.release('unpublished');
    this.#pump();
  }

  /** Ends the stream with a status; the proxy comes back, here or elsewhere. */
  end(details: string): void {
    this.#fail(status.UNAVAILABLE, details);
  }

  /** Other rules are in force: ends the stream where it may not go on as it is; the proxy comes back. */
  readmit({ permission, refusal }: Admitted): void {
    if (refusal !== undefined) {
      this.#fail(refusal.code, refusal.details);
      return;
    }
    this.#permission = permission;
    const changed = this.#identity.readmit(permission);
    if (changed !== undefined) this.#fail(changed.code, changed.details);
  }

  /** An acknowledgement as others have sent it is dealt with at once. */
  #work(bytes: Uint8Array): Steps<void> | undefined {
    if (!this.#identity.known) return this.#begin(bytes);
    try {
      const known = this.#requests.known(bytes);
      if (known === undefined || namesIn(known) > STEP || isLong(bytes.length))
        return this.#workInSteps(bytes);
      this.#take(this.#believed(known), this.#published);
      this.#pump();
    } catch (thrown) {
      this.#refuse(thrown);
    }
    return undefined;
  }

  /** The first request, which says who the proxy is. It is work as any other. */
  *#begin(bytes: Uint8Array): Steps<void> {
    try {
      if (!this.#identify(bytes)) return;
    } catch (thrown) {
      return this.#refuse(thrown);
    }
    if (this.#snapshot !== undefined) return yield* this.#workInSteps(bytes);
    this.#inbox.hold('unpublished');
    this.#inbox.putBack(bytes);
  }

  *#workInSteps(bytes: Uint8Array): Steps<void> {
    try {
      const read = this.#believed(yield* this.#requests.read(bytes));
      const excess = this.#guard.tooLarge(read);
      if (excess !== undefined) return this.#fail(status.RESOURCE_EXHAUSTED, excess);
      const long = namesIn(read) > STEP || isLong(bytes.length);
      if (long) yield* prepare(this.#state, read, this.#published, this.deps.shared);
      this.#take(read, this.#published);
      // The answer is as long.
      if (long) yield;
      this.#pump();
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** A request, without what its client claims to have where all of that is in doubt. */
  #believed(request: StreamRequest): StreamRequest {
    const { typeUrl } = request.request;
    const begun = this.#state.types.has(typeUrl);
    return !begun && this.deps.doubts.isWhole(this.#identity.key, typeUrl) ? withoutClaims(request) : request;
  }

  #refuse(thrown: unknown): void {
    if (thrown instanceof SignalboxError && thrown.code === 'internal') {
      this.#broken(thrown);
      return;
    }
    const tooLarge = thrown instanceof SignalboxError && thrown.code === 'request_too_large';
    this.#fail(tooLarge ? status.RESOURCE_EXHAUSTED : status.INVALID_ARGUMENT, messageOf(thrown));
  }

  /** Requests are held until there is one. */
  get #published(): Snapshot {
    return this.#snapshot ?? Snapshot.EMPTY;
  }

  /** Whether there may be resources of a type. */
  #serves(typeUrl: string): boolean {
    return ENVOY_TYPES.has(typeUrl) || this.#published.sets.has(typeUrl) || this.deps.types.has(typeUrl);
  }

  /** @returns whether the client may have the configuration of the node that it names */
  #identify(bytes: Uint8Array): boolean {
    const node = this.deps.reader.node(this.variant, bytes) ?? UNKNOWN_NODE;
    const refusal = this.#identity.tell(node, this.#permission);
    if (refusal !== undefined) {
      this.#journal.refused(node, refusal);
      this.#fail(status.PERMISSION_DENIED, refusal);
      return false;
    }
    if (!this.#hold(bytesOfNode(this.node))) return false;
    this.#state = newStream(node.userAgent);
    this.#snapshot = this.deps.cache.getSnapshot(this.group ?? '');
    this.#journal.connected(this.variant);
    return true;
  }

  /** @returns whether so many bytes more may be kept; the stream ends where not */
  #hold(bytes: number): boolean {
    const refusal = this.#account.hold(bytes);
    if (refusal !== undefined) this.#fail(status.RESOURCE_EXHAUSTED, refusal);
    return refusal === undefined;
  }

  #take(request: StreamRequest, snapshot: Snapshot): void {
    const { typeUrl, nonce } = request.request;
    this.#journal.requested(request.request, this.#state);
    const answered = this.#state.types.get(typeUrl)?.outstanding.find((sent) => sent.nonce === nonce);
    const known = this.#state.types.has(typeUrl);
    this.#state = receive(this.#state, request, snapshot, this.deps.shared);
    if (!known) {
      const { doubts, shared } = this.deps;
      this.#state = doubting(this.#state, typeUrl, doubts.of(this.#identity.key, typeUrl), shared.table);
    }
    if (answered !== undefined) this.#journal.answered(answered.response, request.request);
    const excess = this.#guard.tooMuch(this.#state, (type) => this.#serves(type));
    if (excess !== undefined) this.#fail(status.RESOURCE_EXHAUSTED, excess);
  }

  /** What is wrong here costs this stream, and no other that waits for its turn. */
  #pump(): void {
    try {
      this.#send();
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  #send(): void {
    const snapshot = this.#snapshot;
    while (this.#open && snapshot !== undefined && !this.#outlet.full) {
      if (!this.#account.hasRoom) {
        this.#account.whenRoom(this.#pumpAgain);
        break;
      }
      const step = next(this.#state, this.variant, snapshot, this.deps.shared);
      this.#state = step.state;
      if (step.response === undefined) break;
      this.#outlet.write(step.response.typeUrl, step.message);
      this.#journal.sent(step.response, step.message.nonce);
    }
    this.#patience.keep(this.#open && this.#state.awaited.size > 0);
    if (this.#open) this.#heartbeat.keep(leastTtl(this.#state, this.variant));
    const excess = this.#guard.keeps(this.#state);
    if (excess !== undefined) this.#fail(status.RESOURCE_EXHAUSTED, excess);
  }

  readonly #pumpAgain = () => this.#pump();

  #losePatience(): void {
    this.#state = waitNoLonger(this.#state);
    this.#pump();
  }

  /** A proxy that does not read gets no heap of heartbeats. */
  #beat(): void {
    try {
      this.#repeat();
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  #repeat(): void {
    for (const { typeUrl } of this.#state.types.values()) {
      if (this.#outlet.full) return;
      const step = beat(this.#state, this.variant, typeUrl, this.deps.shared);
      this.#state = step.state;
      if (step.response !== undefined) this.#outlet.write(typeUrl, step.message);
    }
  }

  #broken(thrown: unknown): void {
    const { node, id } = this;
    this.deps.logger.error(
      { node: node.id, stream: id, err: thrown },
      `a stream failed: ${messageOf(thrown)}`,
    );
    this.#fail(status.INTERNAL, messageOf(thrown));
  }

  #fail(code: status, details: string): void {
    if (!this.#open) return;
    this.#failure ??= details;
    this.call.emit('error', { code, details, message: details, name: 'Error' });
  }
}
