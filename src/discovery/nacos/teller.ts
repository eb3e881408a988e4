import { SignalboxError } from '../../errors.js';
import type { SourceSink } from '../source.js';
import type { Round } from './round.js';
import { type NacosScope, type NacosService, serviceText } from './scope.js';
import { ServiceTable } from './service-table.js';

/** Tells the sink what polling finds and what is pushed meanwhile. */
export class Teller {
  readonly #table: ServiceTable;
  /** What was pushed while a round is read: the round may have asked before. */
  readonly #pushed = new Set<string>();
  #failure: SignalboxError | undefined;

  /** @param servicesOnly whether services are asked for by name: one without instances may be none then */
  constructor(
    private readonly sink: SourceSink,
    defaultWeight: number,
    private readonly servicesOnly: boolean,
  ) {
    this.#table = new ServiceTable(defaultWeight);
  }

  known(scope: NacosScope): readonly string[] {
    return this.#table.services(scope);
  }

  /** A round begins. */
  begin(): void {
    this.#pushed.clear();
  }

  /** A round was read, whole or in part. */
  read(round: Round): void {
    for (const { key, entries } of round.services) {
      if (!this.#pushed.has(serviceText(key))) this.#set(key, entries);
    }
    this.sink.synced();
    this.#failure = firstOf(round.failures);
    if (this.#failure !== undefined) this.sink.failed(this.#failure);
  }

  /** No server could be read. */
  failed(error: SignalboxError): void {
    this.#failure = error;
    this.sink.failed(error);
  }

  /** A server said what a service is now. */
  pushed(key: NacosService, entries: readonly unknown[]): void {
    this.#pushed.add(serviceText(key));
    const none = this.servicesOnly && entries.length === 0;
    if (!this.#set(key, none ? undefined : entries)) return;
    this.sink.synced();
    // What polling cannot read is still to be shown.
    if (this.#failure !== undefined) this.sink.failed(this.#failure);
  }

  /** Says whether that changed anything. */
  #set(key: NacosService, entries: readonly unknown[] | undefined): boolean {
    if (entries === undefined) {
      if (!this.#table.remove(key)) return false;
      this.sink.set(key, undefined);
      return true;
    }
    const state = this.#table.put(key, entries);
    if (state !== undefined) this.sink.set(key, state);
    return state !== undefined;
  }
}

function firstOf(failures: readonly SignalboxError[]): SignalboxError | undefined {
  const [first] = failures;
  if (first === undefined || failures.length === 1) return first;
  return new SignalboxError(first.code, `${first.message} (and ${failures.length - 1} more)`, {
    cause: first,
  });
}
