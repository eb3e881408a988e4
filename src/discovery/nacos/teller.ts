import { SignalboxError } from '../../errors.js';
import { nameError } from '../service-name.js';
import type { SourceSink } from '../source.js';
import type { Round } from './round.js';
import { type NacosScope, type NacosService, serviceText } from './scope.js';
import type { ServiceRead } from './service-read.js';
import { ServiceTable } from './service-table.js';

interface Failing {
  readonly key: NacosService;
  readonly error: SignalboxError;
}

/** Tells the sink what polling finds and what is pushed meanwhile. */
export class Teller {
  readonly #table: ServiceTable;
  /** What was pushed while a round is read: the round may have asked before. */
  readonly #pushed = new Set<string>();
  /** The services whose query fails, by their text. */
  readonly #failing = new Map<string, Failing>();
  /** The failing services that the last round did not find in the list. */
  #unlisted: ReadonlySet<string> = new Set();
  /** The services that are left out because of their name. */
  readonly #unusable = new Map<string, NacosService>();
  /** How many services there are to be queried. */
  #queried = 0;
  #failure: SignalboxError | undefined;

  /** @param servicesOnly whether services are asked for by name: one without instances may be none then */
  constructor(
    private readonly sink: SourceSink,
    defaultWeight: number,
    private readonly servicesOnly: boolean,
  ) {
    this.#table = new ServiceTable(defaultWeight);
  }

  /** The services of a scope that the sink was told anything of. */
  known(scope: NacosScope): readonly string[] {
    const keys = [...[...this.#failing.values()].map(({ key }) => key), ...this.#unusable.values()];
    const own = keys.filter(({ namespace, group }) => namespace === scope.namespace && group === scope.group);
    return [...new Set([...this.#table.services(scope), ...own.map(({ service }) => service)])];
  }

  /** The services of a scope that have answered. */
  answered(scope: NacosScope): readonly string[] {
    return this.#table.services(scope);
  }

  /** The failing service of this text. */
  failing(text: string): NacosService | undefined {
    return this.#failing.get(text)?.key;
  }

  /** A round begins. */
  begin(): void {
    this.#pushed.clear();
  }

  /** A round was read, whole or in part. */
  read(round: Round): void {
    let changed = false;
    for (const { key, entries } of round.services) {
      if (!this.#pushed.has(serviceText(key))) changed = this.#set(key, entries) || changed;
    }
    const unlisted = new Set<string>();
    for (const { key, error, listed } of round.failing) {
      const text = serviceText(key);
      // A list may miss a service once, while others come and go.
      if (!listed && this.#unlisted.has(text)) changed = this.#set(key, undefined) || changed;
      else this.#fail(key, error);
      if (!listed) unlisted.add(text);
    }
    this.#unlisted = unlisted;
    for (const { key, problem } of round.unusable) this.#refuse(key, problem);
    this.#queried = round.queried;
    this.#tell(changed, firstOf(round.failures));
  }

  /** A failing service was read by itself. */
  reread(key: NacosService, { entries, error }: ServiceRead): void {
    if (error !== undefined) this.#fail(key, error);
    const none = this.servicesOnly && entries?.length === 0;
    const changed = entries !== undefined && this.#set(key, none ? undefined : entries);
    this.#tell(changed, this.#failure);
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
    // What polling cannot read is still to be shown.
    if (this.#set(key, none ? undefined : entries)) this.#tell(true, this.#failure);
  }

  /** Where no service answers, the registry has not; what it is known to have lost is told all the same. */
  #tell(changed: boolean, failure: SignalboxError | undefined): void {
    this.#failure = failure;
    const [first] = this.#failing.values();
    const isMute = first !== undefined && this.#failing.size >= this.#queried;
    if (!isMute || changed) this.sink.synced();
    const error = failure ?? (isMute ? first.error : undefined);
    if (error !== undefined) this.sink.failed(error);
  }

  #fail(key: NacosService, error: SignalboxError): void {
    this.#failing.set(serviceText(key), { key, error });
    this.sink.serviceFailed(key, error);
  }

  #refuse(key: NacosService, problem: string): void {
    const text = serviceText(key);
    if (this.#unusable.has(text)) return;
    this.#unusable.set(text, key);
    this.sink.serviceFailed(key, nameError(key.service, problem));
  }

  /** @returns whether anything changed */
  #set(key: NacosService, entries: readonly unknown[] | undefined): boolean {
    const text = serviceText(key);
    // A service that recovers is reported again even if it has not changed.
    const recovers = this.#failing.delete(text) || this.#unusable.delete(text);
    if (recovers) this.#table.remove(key);
    if (entries === undefined) {
      if (!this.#table.remove(key) && !recovers) return false;
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
