import { status } from '@grpc/grpc-js';
import { messageOf, SignalboxError } from '../errors.js';
import type { Group } from '../snapshot/cache.js';
import { Snapshot } from '../snapshot/snapshot.js';
import type { Steps } from '../snapshot/steps.js';
import type { Admitted, OpenCall } from './guard/gate.js';
import { StreamGuard } from './guard/stream-guard.js';
import { Heartbeat } from './heartbeat.js';
import { Inbox } from './inbox.js';
import { type ProxyNode, UNKNOWN_NODE } from './node.js';
import { bytesOfNode } from './node-excerpt.js';
import { Outlet } from './outlet.js';
import { Patience } from './patience.js';
import { ProxyIdentity } from './proxy-identity.js';
import { ReportWait } from './report-wait.js';
import type { Variant } from './response.js';
import type { StreamCall } from './stream-call.js';
import type { StreamDependencies } from './stream-dependencies.js';
import { StreamJournal } from './stream-journal.js';
import { StreamProgress } from './stream-progress.js';
import { needsSteps, StreamRequests } from './stream-requests.js';
import type { StreamRequest, StreamState } from './stream-state.js';

/** How long a change of routes waits for the proxy to ask for the load assignments of new clusters, milliseconds. */
const AWAIT_LIMIT = 500;

/** One xDS stream of one proxy: brings requests and snapshots to the state machine and its responses to gRPC. */
export class XdsStream {
  readonly connectedAt = Date.now();
  readonly #guard: StreamGuard;
  #permission: OpenCall['permission'];
  readonly #account: OpenCall['account'];
  readonly #inbox: Inbox;
  readonly #identity: ProxyIdentity;
  #snapshot: Snapshot | undefined;
  readonly #outlet: Outlet;
  #open = true;
  #failure: string | undefined;
  readonly #pump = () => this.#try(() => this.#send());
  readonly #patience = new Patience(AWAIT_LIMIT, () => this.#losePatience());
  readonly #heartbeat = new Heartbeat(() => this.#try(() => this.#repeat()));
  readonly #journal: StreamJournal;
  readonly #requests: StreamRequests;
  readonly #progress: StreamProgress;
  readonly #reports: ReportWait;

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
    this.#progress = new StreamProgress(variant, deps, this.#journal, () => this.#identity.key);
    this.#reports = new ReportWait(deps.reportsTaken, () => this.#refresh(), this.#pump);
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
    this.#outlet = new Outlet(call, this.#guard, deps.observer, this.#pump);
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
    return this.#progress.state;
  }

  /** Why this side has ended the stream; undefined where it has not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Listens to the proxy; `closed` is called once, at the end of the stream. */
  start(closed: () => void): void {
    const close = () => {
      if (!this.#open) return;
      this.#open = false;
      this.#guard.end();
      this.#inbox.end();
      this.#patience.end();
      this.#heartbeat.end();
      this.#progress.end();
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

  /** Ends the stream; the proxy comes back, here or elsewhere. */
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
      if (known === undefined || needsSteps(known, bytes) || this.#progress.reports(known))
        return this.#workInSteps(bytes);
      this.#take(this.#progress.believed(known), this.#published);
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
      const read = yield* this.#requests.read(bytes);
      const excess = this.#guard.tooLarge(read);
      if (excess !== undefined) return this.#fail(status.RESOURCE_EXHAUSTED, excess);
      const long = needsSteps(read, bytes);
      const reports = this.#progress.reports(read);
      const believed = this.#progress.believed(read);
      if (long) yield* this.#progress.prepare(believed, this.#published);
      this.#take(believed, this.#published);
      if (reports) yield* this.#reports.during(this.#progress.report(read, this.#published));
      // The answer is as long.
      if (long) yield;
      this.#pump();
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  #refuse(thrown: unknown): void {
    const code = thrown instanceof SignalboxError ? thrown.code : undefined;
    if (code === 'internal') this.#broken(thrown);
    else if (code === 'request_too_large') this.#fail(status.RESOURCE_EXHAUSTED, messageOf(thrown));
    else this.#fail(status.INVALID_ARGUMENT, messageOf(thrown));
  }

  /** Requests are held until there is one. */
  get #published(): Snapshot {
    return this.#snapshot ?? Snapshot.EMPTY;
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
    this.#progress.begin(node.userAgent);
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
    this.#progress.take(request, snapshot);
    const excess = this.#guard.tooMuch(this.state, (type) => this.deps.serves(type, snapshot));
    if (excess !== undefined) this.#fail(status.RESOURCE_EXHAUSTED, excess);
  }

  /** What a proxy has may be served again because it has reported it. */
  #refresh(): void {
    this.#snapshot = this.deps.cache.getSnapshot(this.group ?? '') ?? this.#snapshot;
  }

  /** What is wrong here costs this stream, and no other that waits for its turn. */
  #try(work: () => void): void {
    try {
      work();
    } catch (thrown) {
      this.#broken(thrown);
    }
  }

  #send(): void {
    const snapshot = this.#snapshot;
    while (this.#open && !this.#reports.waits && snapshot !== undefined && !this.#outlet.full) {
      if (!this.#account.hasRoom) {
        this.#account.whenRoom(this.#pump);
        break;
      }
      const due = this.#progress.next(snapshot);
      if (due === undefined) break;
      this.#outlet.write(due.typeUrl, due.message);
    }
    this.#patience.keep(this.#open && this.#progress.waits);
    if (this.#open) this.#heartbeat.keep(this.#progress.leastTtl);
    const excess = this.#guard.keeps(this.state);
    if (excess !== undefined) this.#fail(status.RESOURCE_EXHAUSTED, excess);
  }

  #losePatience(): void {
    this.#progress.waitNoLonger();
    this.#pump();
  }

  /** A proxy that does not read gets no heap of heartbeats. */
  #repeat(): void {
    this.#progress.beat();
    this.#send();
  }

  #broken(thrown: unknown): void {
    this.#journal.broken(thrown);
    this.#fail(status.INTERNAL, messageOf(thrown));
  }

  #fail(code: status, details: string): void {
    if (!this.#open) return;
    this.#failure ??= details;
    this.call.emit('error', { code, details, message: details, name: 'Error' });
  }
}
