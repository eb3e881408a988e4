import { isDeepStrictEqual } from 'node:util';
import type { ServiceKey, ServiceState, Source, SourceSink } from '../discovery/source.js';
import type { SignalboxError } from '../errors.js';
import { addressOf, type FilteredInstance } from '../model/instance.js';
import type { ServiceEntries } from './last-known-good.js';
import { type MassLossLimits, suspectLosses } from './mass-loss.js';
import { publishedName } from './service-template.js';
import { failing, type SourceStatus, waiting } from './source-status.js';

/** How the catalogue treats the services of a registry. */
export interface RegistryRules {
  readonly serviceTemplate: string;
  readonly skipped: (service: string) => boolean;
  /** Without it every loss is believed at once. */
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
}

interface Said {
  readonly key: ServiceKey;
  readonly state: ServiceState | undefined;
}

export interface Contribution {
  readonly source: Source;
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

/** What one source has said: the committed services by published name, and what waits for the next `synced`. */
export class SourceState implements SourceSink {
  readonly #services = new Map<string, { readonly name: string; readonly contribution: Contribution }>();
  readonly #byName = new Map<string, Map<string, Contribution>>();
  #pending = new Map<string, Said>();
  /** What is not believed yet, and the end of that. */
  #held: ReadonlyMap<string, Said> = new Map();
  #holding: NodeJS.Timeout | undefined;
  #releasedUnseen = false;
  /** What the source said in a life before and has not said again yet. */
  #unconfirmed = new Map<string, ServiceKey>();
  #restored = false;
  #status: SourceStatus;

  constructor(
    readonly source: Source,
    private readonly rules: RegistryRules,
    private readonly events: SourceEvents,
    private readonly now: () => number,
  ) {
    this.#status = waiting(source.registry, source.server);
  }

  get status(): SourceStatus {
    return this.#status;
  }

  /** Whether there is something to go by: an answer, or the last-known-good file in its place. */
  get answered(): boolean {
    return this.#status.lastSuccess !== undefined || this.#restored;
  }

  /** Everything that is held. */
  entries(): ServiceEntries {
    return [...this.#services.values()].map(({ contribution }) => [contribution.key, contribution.state]);
  }

  /** Takes what was known before a restart until the source answers; what its first answer does not have is gone. */
  restore(entries: ServiceEntries): void {
    const names = new Set<string>();
    for (const [key, state] of entries) {
      if (!this.rules.skipped(key.service)) this.#commit(keyText(key), key, state, names);
    }
    this.#restored = true;
    this.#status = { ...this.#status, services: this.#services.size };
    this.restarted();
    this.events.changed(names);
  }

  /** What the source contributes to a published service, in an order that does not hang on what came first. */
  contributions(name: string): readonly Contribution[] {
    const ofName = [...(this.#byName.get(name) ?? [])];
    return ofName.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, contribution]) => contribution);
  }

  contribution(key: ServiceKey): Contribution | undefined {
    return this.#services.get(keyText(key))?.contribution;
  }

  /** The name under which a service is published. */
  nameOf(key: ServiceKey): string {
    return publishedName(this.rules.serviceTemplate, this.source, key);
  }

  /** What this source has lost of a published service and is served still; undefined for nothing. */
  heldOf(name: string): HeldService | undefined {
    const { held } = this.#status;
    if (held === undefined) return undefined;
    const addresses = [...this.#held].flatMap(([text, { key, state }]) => {
      if (this.nameOf(key) !== name) return [];
      const left = new Set(state?.instances.map(addressOf));
      const served = this.#services.get(text)?.contribution.state.instances ?? [];
      return served.map(addressOf).filter((address) => !left.has(address));
    });
    if (addresses.length === 0) return undefined;
    const { registry, server } = this.source;
    return { registry, server, since: held.since, until: held.until, addresses };
  }

  names(): Iterable<string> {
    return this.#byName.keys();
  }

  /** The source starts anew and says everything again: what its first answer does not have is gone. */
  restarted(): void {
    this.#pending = new Map();
    this.#unconfirmed = new Map(
      [...this.#services].map(([text, service]) => [text, service.contribution.key]),
    );
  }

  set(key: ServiceKey, state: ServiceState | undefined): void {
    if (this.rules.skipped(key.service)) return;
    this.#pending.set(keyText(key), { key, state });
  }

  /** @returns whether anything has changed since the last time */
  synced(revision?: string): boolean {
    const gone = [...this.#unconfirmed].map(([text, key]): [string, Said] => [
      text,
      { key, state: undefined },
    ]);
    const said = new Map([...this.#held, ...gone, ...this.#pending]);
    const waiting = this.#suspects(said);
    const names = new Set<string>();
    for (const [text, { key, state }] of said) if (!waiting.has(text)) this.#commit(text, key, state, names);
    this.#unconfirmed = new Map();
    this.#pending = new Map();
    this.#hold(new Map([...said].filter(([text]) => waiting.has(text))));
    this.#status = {
      ...this.#status,
      state: 'synced',
      services: this.#services.size,
      lastSuccess: this.now(),
      revision: revision ?? this.#status.revision,
    };
    this.events.changed(names);
    const changed = names.size > 0 || this.#releasedUnseen;
    this.#releasedUnseen = false;
    return changed;
  }

  /** Believes what is held back; @returns whether there was anything. */
  release(): boolean {
    const held = this.#held;
    if (held.size === 0) return false;
    this.#hold(new Map());
    const names = new Set<string>();
    for (const [text, { key, state }] of held) this.#commit(text, key, state, names);
    this.#status = { ...this.#status, services: this.#services.size };
    this.#releasedUnseen = true;
    this.events.changed(names);
    return true;
  }

  /** The source is no longer wanted. */
  dispose(): void {
    clearTimeout(this.#holding);
  }

  failed(error: SignalboxError): void {
    this.#pending = new Map();
    this.#status = failing(this.#status, error, this.now());
    this.events.failed(error);
  }

  /** The grace is over and the source has not answered: the others are published without it. */
  leaveOut(): void {
    if (!this.answered) this.#status = { ...this.#status, state: 'left_out' };
  }

  #suspects(said: ReadonlyMap<string, Said>): ReadonlySet<string> {
    const { massLoss } = this.rules;
    if (massLoss === undefined) return new Set();
    const counts = [...said].map(([text, { state }]) => {
      const before = this.#services.get(text)?.contribution.state.instances.length ?? 0;
      return [text, { before, after: state?.instances.length ?? 0 }] as const;
    });
    return suspectLosses(new Map(counts), this.#status.instances, massLoss);
  }

  /** Time runs from the first loss on, whatever is said meanwhile: what stays lost is believed in the end. */
  #hold(held: ReadonlyMap<string, Said>): void {
    const before = this.#status.held;
    this.#held = held;
    if (held.size === 0) {
      clearTimeout(this.#holding);
      this.#holding = undefined;
      this.#status = { ...this.#status, held: undefined };
    } else {
      const wait = this.rules.massLoss?.hold ?? 0;
      this.#holding ??= setTimeout(() => this.release(), wait).unref();
      const since = before?.since ?? this.now();
      const instances = [...held].reduce((sum, [text, { state }]) => {
        const served = this.#services.get(text)?.contribution.state.instances.length ?? 0;
        return sum + served - (state?.instances.length ?? 0);
      }, 0);
      this.#status = {
        ...this.#status,
        held: { services: held.size, instances, since, until: since + wait },
      };
    }
    if ((before === undefined) !== (this.#status.held === undefined)) this.events.held(this.#status);
  }

  #commit(text: string, key: ServiceKey, state: ServiceState | undefined, names: Set<string>): void {
    const before = this.#services.get(text);
    // An answer may repeat what it said before: only what changed is built anew.
    if (isDeepStrictEqual(before?.contribution.state, state)) return;
    const name = before?.name ?? this.nameOf(key);
    const ofName = this.#byName.get(name) ?? new Map<string, Contribution>();
    if (state === undefined) {
      this.#services.delete(text);
      ofName.delete(text);
    } else {
      const contribution = { source: this.source, key, state };
      this.#services.set(text, { name, contribution });
      ofName.set(text, contribution);
    }
    if (ofName.size === 0) this.#byName.delete(name);
    else this.#byName.set(name, ofName);
    this.#count(before?.contribution.state, state);
    names.add(name);
  }

  #count(before: ServiceState | undefined, after: ServiceState | undefined): void {
    this.#status = {
      ...this.#status,
      instances: this.#status.instances + (after?.instances.length ?? 0) - (before?.instances.length ?? 0),
      filtered: this.#status.filtered + (after?.filtered.length ?? 0) - (before?.filtered.length ?? 0),
      filteredBy: filteredBy(this.#status.filteredBy, before?.filtered ?? [], after?.filtered ?? []),
    };
  }
}

function filteredBy(
  counts: SourceStatus['filteredBy'],
  before: readonly FilteredInstance[],
  after: readonly FilteredInstance[],
): SourceStatus['filteredBy'] {
  if (before.length === 0 && after.length === 0) return counts;
  const next = { ...counts };
  for (const { reason } of before) next[reason] = (next[reason] ?? 0) - 1;
  for (const { reason } of after) next[reason] = (next[reason] ?? 0) + 1;
  return next;
}

function keyText(key: ServiceKey): string {
  return JSON.stringify([key.namespace ?? '', key.group ?? '', key.service]);
}
