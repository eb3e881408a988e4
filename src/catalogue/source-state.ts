import { isDeepStrictEqual } from 'node:util';
import { nameError, nameProblem } from '../discovery/service-name.js';
import type { ServiceKey, ServiceState, Source, SourceSink } from '../discovery/source.js';
import type { SignalboxError } from '../errors.js';
import { type Clock, HeldLosses } from './held-losses.js';
import { keyText } from './key-text.js';
import type { ServiceEntries } from './last-known-good.js';
import type { MassLossLimits } from './mass-loss.js';
import type { ServiceChange } from './recent-service.js';
import { type Contribution, ServedServices } from './served-services.js';
import { type FailureEvents, type ServiceFailure, ServiceFailures } from './service-failures.js';
import { publishedName } from './service-template.js';
import { failing, type SourceStatus, waiting } from './source-status.js';

/** How the catalogue treats the services of a registry. */
export interface RegistryRules {
  readonly serviceTemplate: string;
  readonly skipped: (service: string) => boolean;
  /** Without it every loss is believed immediately. */
  readonly massLoss?: MassLossLimits;
}

/** What a source's state tells of itself. */
export interface SourceEvents {
  /** After each commit, with the published names that it touched, none included. */
  readonly changed: (names: ReadonlySet<string>) => void;
  /** The status has changed without a commit. */
  readonly failed: (error: SignalboxError) => void;
  /** Loss is held back, or no longer. */
  readonly held: (status: SourceStatus) => void;
  readonly services: FailureEvents;
}

interface Said {
  readonly key: ServiceKey;
  readonly state: ServiceState;
}

/** What one source has lost of a service and is served still. */
export interface HeldService {
  readonly registry: string;
  readonly server: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly until: number;
  readonly addresses: readonly string[];
}

/** What one source has said, what of it waits for the next `synced`, and what is served of it. */
export class SourceState implements SourceSink {
  readonly #said = new Map<string, Said>();
  readonly #served: ServedServices;
  readonly #losses: HeldLosses | undefined;
  #pending = new Map<string, Omit<ServiceChange, 'before'>>();
  /** What the source said in a life before and has not said again yet. */
  #unconfirmed = new Map<string, ServiceKey>();
  #restored = false;
  #believedUnseen = false;
  readonly #failures: ServiceFailures;
  #status: SourceStatus;

  constructor(
    readonly source: Source,
    private readonly rules: RegistryRules,
    private readonly events: SourceEvents,
    private readonly clock: Clock,
  ) {
    const { massLoss } = rules;
    this.#served = new ServedServices(source, (key) => this.nameOf(key));
    if (massLoss !== undefined && massLoss.hold !== 0)
      this.#losses = new HeldLosses(massLoss, clock, () => this.release());
    this.#status = waiting(source.registry, source.server);
    this.#failures = new ServiceFailures(events.services, () => clock.now());
  }

  get status(): SourceStatus {
    return { ...this.#status, failingServices: this.#failures.shown };
  }

  /** The services whose own query fails, as far as their reasons are kept. */
  get failures(): readonly ServiceFailure[] {
    return this.#failures.all();
  }

  /** Whether there is something to go by: an answer, or the last-known-good file in its place. */
  get answered(): boolean {
    return this.#status.lastSuccess !== undefined || this.#restored;
  }

  /** Everything that is served. */
  entries(): ServiceEntries {
    return this.#served.entries();
  }

  /** Takes what was known before a restart until the source answers; what its first answer does not have is gone. */
  restore(entries: ServiceEntries): void {
    const known = entries.filter(
      ([{ service }]) => !this.rules.skipped(service) && nameProblem(service) === undefined,
    );
    const names = this.#take(known.map(([key, after]) => ({ key, after })));
    this.#restored = true;
    this.#unconfirmed = this.#keys();
    this.events.changed(names);
  }

  /**
   * Takes over from a state that is no longer wanted what fails here and is not known.
   * @returns the published names that this touched
   */
  inherit(entries: ServiceEntries): ReadonlySet<string> {
    const missing = entries.filter(([key]) => {
      const text = keyText(key);
      return this.#failures.keeps(text) && !this.#said.has(text);
    });
    return this.#take(missing.map(([key, after]) => ({ key, after })));
  }

  /** What the source contributes to a published service, in an order that does not depend on what came first. */
  contributions(name: string): readonly Contribution[] {
    return this.#served.contributions(name);
  }

  contribution(key: ServiceKey): Contribution | undefined {
    return this.#served.contribution(key);
  }

  /** The name under which a service is published. */
  nameOf(key: ServiceKey): string {
    return publishedName(this.rules.serviceTemplate, this.source, key);
  }

  /** What this source has lost of a published service and is served still; undefined for nothing. */
  heldOf(name: string): HeldService | undefined {
    const { held } = this.#status;
    if (held === undefined) return undefined;
    const addresses = this.contributions(name).flatMap(({ key }) => this.#losses?.addressesOf(key) ?? []);
    if (addresses.length === 0) return undefined;
    const { registry, server } = this.source;
    return { registry, server, since: held.since, until: held.until, addresses };
  }

  names(): Iterable<string> {
    return this.#served.names();
  }

  /** The source starts anew and says everything again: what its first answer does not have is gone. */
  restarted(): void {
    this.#pending = new Map();
    this.#unconfirmed = this.#keys();
    this.#failures.restarted();
  }

  set(key: ServiceKey, state: ServiceState | undefined): void {
    if (this.rules.skipped(key.service)) return;
    const problem = state === undefined ? undefined : nameProblem(key.service);
    if (problem !== undefined) {
      this.serviceFailed(key, nameError(key.service, problem));
      return;
    }
    const text = keyText(key);
    this.#pending.set(text, { key, after: state });
    this.#failures.ended(text);
  }

  /** @returns whether anything has changed since the last time */
  synced(revision?: string): boolean {
    const gone = [...this.#unconfirmed].map(([text, key]) => [text, { key, after: undefined }] as const);
    const names = this.#take(new Map([...gone, ...this.#pending]).values());
    this.#unconfirmed = new Map();
    this.#pending = new Map();
    this.#failures.answered();
    this.#status = {
      ...this.#status,
      state: 'synced',
      lastSuccess: this.clock.now(),
      revision: revision ?? this.#status.revision,
    };
    this.events.changed(names);
    const changed = names.size > 0 || this.#believedUnseen;
    this.#believedUnseen = false;
    return changed;
  }

  /** Believes what is held back; @returns whether there was anything. */
  release(): boolean {
    if (this.#losses === undefined || this.#status.held === undefined) return false;
    const names = this.#serve(this.#losses.believe());
    this.#believedUnseen = true;
    this.events.changed(names);
    return true;
  }

  /** The source is no longer wanted. */
  dispose(): void {
    this.#losses?.dispose();
  }

  failed(error: SignalboxError): void {
    this.#pending = new Map();
    this.#status = failing(this.#status, error, this.clock.now());
    this.events.failed(error);
  }

  serviceFailed(key: ServiceKey, error: SignalboxError): void {
    if (this.rules.skipped(key.service)) return;
    const text = keyText(key);
    this.#failures.failed(text, key, error);
    if (error.code !== 'service_name_invalid') this.#unconfirmed.delete(text);
  }

  /** The grace is over and the source has not answered: the others are published without it. */
  leaveOut(): void {
    if (!this.answered) this.#status = { ...this.#status, state: 'left_out' };
  }

  #keys(): Map<string, ServiceKey> {
    return new Map([...this.#said].map(([text, { key }]) => [text, key]));
  }

  /** Takes in what the source says now; @returns the published names that this touched. */
  #take(said: Iterable<Omit<ServiceChange, 'before'>>): ReadonlySet<string> {
    const changes: ServiceChange[] = [];
    for (const { key, after } of said) {
      const text = keyText(key);
      const before = this.#said.get(text)?.state;
      if (isDeepStrictEqual(before, after)) continue;
      if (after === undefined) this.#said.delete(text);
      else this.#said.set(text, { key, state: after });
      changes.push({ key, before, after });
    }
    const all = changes.map(({ key }) => key);
    if (this.answered) return this.#serve(this.#losses?.take(changes) ?? all);
    this.#losses?.start(changes);
    return this.#serve(all);
  }

  /** Brings what is served of these services up to date; @returns the published names of those that changed. */
  #serve(keys: readonly ServiceKey[]): ReadonlySet<string> {
    const names = new Set<string>();
    for (const key of keys) {
      const said = this.#said.get(keyText(key))?.state;
      const name = this.#served.put(key, this.#losses === undefined ? said : this.#losses.served(key, said));
      if (name !== undefined) names.add(name);
    }
    const before = this.#status.held;
    this.#status = { ...this.#status, ...this.#served.counts, held: this.#losses?.status };
    if ((before === undefined) !== (this.#status.held === undefined)) this.events.held(this.#status);
    return names;
  }
}
