import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { messageOf, SignalboxError } from '../../errors.js';
import type { Steps } from '../../snapshot/steps.js';
import type { Admitted, Call, OpenCall } from '../guard/gate.js';
import { endSilent } from '../guard/silence.js';
import { StreamGuard } from '../guard/stream-guard.js';
import { Inbox } from '../inbox.js';
import type { Limits } from '../limits.js';
import { UNKNOWN_NODE } from '../node.js';
import { bytesOfNode } from '../node-excerpt.js';
import { type IdentityDependencies, ProxyIdentity } from '../proxy-identity.js';
import type { Turns } from '../turns.js';
import { type ClusterLoad, readLoadReport, readReportingNode } from './report.js';

/** A call on which a proxy reports, as gRPC gives it. */
export interface ReportCall extends Call {
  on(event: 'data', listener: (bytes: Uint8Array) => void): unknown;
  on(event: 'end' | 'error' | 'cancelled', listener: () => void): unknown;
  emit(event: 'error', error: Error & { readonly code: status; readonly details: string }): unknown;
  write(response: Uint8Array): unknown;
  pause(): unknown;
  resume(): unknown;
  end(): unknown;
}

/** What all calls share. */
export interface ReportingDependencies extends IdentityDependencies {
  readonly limits: Limits;
  readonly turns: Turns;
  readonly logger: Logger;
  /** Whether the proxies of a group have a cluster. */
  readonly knows: (group: string, cluster: string) => boolean;
  /** What a proxy is asked for. */
  readonly response: () => Uint8Array;
  /** Milliseconds between two reports. */
  readonly interval: () => number;
  /** Called with what a report tells, part by part. */
  readonly take: (clusters: readonly ClusterLoad[]) => void;
  /** A report has been read, of which so many clusters were left out. */
  readonly read: (leftOut: number) => void;
}

/** A report names each cluster, and each instance with traffic: this is room for 100,000 of both. Bytes. */
const MOST_BYTES = 16 * 1024 * 1024;
/** A proxy of which so many reports in a row are missing is gone. */
const MOST_MISSING = 5;
/** Clusters and instances that are handed on at a time. */
const BATCH = 1_000;

/** The reports of one proxy, each read in steps when the one before has been. */
export class ReportingCall {
  readonly #identity: ProxyIdentity;
  readonly #inbox: Inbox;
  readonly #guard: StreamGuard;
  #permission: OpenCall['permission'];
  #open = true;
  #next: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: ReportCall,
    private readonly opened: OpenCall,
    private readonly deps: ReportingDependencies,
  ) {
    this.#permission = opened.permission;
    this.#identity = new ProxyIdentity(deps);
    this.#inbox = new Inbox(
      {
        pause: () => call.pause(),
        resume: () => call.resume(),
        work: (bytes) => this.#work(bytes),
        worked: (milliseconds) => this.#guard.worked(milliseconds),
        hold: (bytes) => this.#hold(bytes),
        release: (bytes) => opened.account.release(bytes),
      },
      deps.turns,
    );
    this.#guard = new StreamGuard(deps.limits, opened.account, {
      pause: () => this.#inbox.hold('limit'),
      resume: () => this.#inbox.release('limit'),
      unread: (details) => this.#fail(status.RESOURCE_EXHAUSTED, details),
      silent: (details) => this.#fail(status.DEADLINE_EXCEEDED, details),
    });
  }

  /** Whether it has said who it is, and is asked for reports. */
  get reports(): boolean {
    return this.#open && this.#identity.known;
  }

  /** Starts to listen to the proxy; `closed` is called once, when the call has ended. */
  start(closed: () => void): void {
    const close = () => {
      if (!this.#open) return;
      this.#open = false;
      clearTimeout(this.#next);
      this.#guard.end();
      this.#inbox.end();
      this.opened.close();
      closed();
    };
    endSilent(this.call, Math.max(this.deps.limits.idle_timeout, MOST_MISSING * this.deps.interval()));
    this.call.on('data', (bytes) => {
      if (!this.#open) return;
      this.#inbox.take(bytes);
      this.#guard.arrived();
    });
    this.call.on('end', () => {
      this.call.end();
      close();
    });
    this.call.on('error', close);
    this.call.on('cancelled', close);
  }

  /** Asks the proxy for reports. */
  ask(): void {
    this.call.write(this.deps.response());
  }

  /** Ends the call with a status; the proxy comes back, here or elsewhere. */
  end(details: string): void {
    this.#fail(status.UNAVAILABLE, details);
  }

  /** Other rules are in force: ends the call where it may not go on as it is; the proxy comes back. */
  readmit({ permission, refusal }: Admitted): void {
    if (refusal !== undefined) {
      this.#fail(refusal.code, refusal.details);
      return;
    }
    this.#permission = permission;
    const changed = this.#identity.readmit(permission);
    if (changed !== undefined) this.#fail(changed.code, changed.details);
  }

  *#work(bytes: Uint8Array): Steps<void> {
    try {
      if (bytes.length > MOST_BYTES)
        throw new SignalboxError('request_too_large', `a load report may have ${MOST_BYTES} bytes`);
      if (this.#identity.known) yield* this.#report(bytes);
      else yield* this.#begin(bytes);
    } catch (thrown) {
      const reason = messageOf(thrown);
      this.deps.logger.warn({ node: this.#identity.node.id, reason }, 'a load report cannot be read');
      const tooLarge = thrown instanceof SignalboxError && thrown.code === 'request_too_large';
      this.#fail(tooLarge ? status.RESOURCE_EXHAUSTED : status.INVALID_ARGUMENT, reason);
    }
  }

  *#begin(bytes: Uint8Array): Steps<void> {
    const node = (yield* readReportingNode(bytes)) ?? UNKNOWN_NODE;
    const denied = this.#identity.tell(node, this.#permission);
    if (denied !== undefined) return this.#fail(status.PERMISSION_DENIED, denied);
    if (!this.#hold(bytesOfNode(this.#identity.node))) return;
    this.deps.logger.debug({ node: node.id }, 'proxy reports its load');
    this.ask();
  }

  *#report(bytes: Uint8Array): Steps<void> {
    const { knows, take, read, interval } = this.deps;
    const group = this.#identity.group ?? '';
    let batch: ClusterLoad[] = [];
    let size = 0;
    const hand = () => {
      if (batch.length > 0) take(batch);
      batch = [];
      size = 0;
    };
    const steps = readLoadReport(
      bytes,
      (cluster) => knows(group, cluster),
      (load) => {
        batch.push(load);
        size += 1 + load.endpoints.length;
      },
    );
    for (;;) {
      const step = steps.next();
      if (step.done === true || size >= BATCH) hand();
      if (step.done === true) {
        read(step.value);
        break;
      }
      yield;
    }
    this.#pauseFor(interval() / 2);
  }

  /** A proxy that reports more often than it was asked to waits. */
  #pauseFor(milliseconds: number): void {
    this.#inbox.hold('interval');
    this.#next = setTimeout(() => this.#inbox.release('interval'), milliseconds);
  }

  /** @returns whether so many bytes more may be kept; the call ends where not */
  #hold(bytes: number): boolean {
    const full = this.opened.account.hold(bytes);
    if (full !== undefined) this.#fail(status.RESOURCE_EXHAUSTED, full);
    return full === undefined;
  }

  #fail(code: status, details: string): void {
    if (!this.#open) return;
    this.call.emit('error', { code, details, message: details, name: 'Error' });
  }
}
