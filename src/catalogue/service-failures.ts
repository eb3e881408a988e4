import type { ServiceKey } from '../discovery/source.js';
import type { ErrorCode, SignalboxError } from '../errors.js';

/** A service whose own query fails, or that is left out because of its name. */
export interface ServiceFailure {
  readonly key: ServiceKey;
  readonly code: ErrorCode;
  readonly message: string;
  /** When it began to fail, milliseconds since the epoch. */
  readonly since: number;
}

/** What the status of a source shows of its failing services. */
export interface FailingServices {
  /** How many there are. */
  readonly count: number;
  /** Those that began to fail first. */
  readonly first: readonly ServiceFailure[];
  /** How many queries of services have failed so far. */
  readonly failures: number;
}

export const NONE_FAILING: FailingServices = { count: 0, first: [], failures: 0 };

/** Services of a source whose reasons are kept: of more than these only the number is known. */
export const MOST_KEPT = 1_000;
/** Services that are counted at all. */
const MOST_COUNTED = 100_000;
/** Services that the status names. */
const MOST_NAMED = 10;
/** Characters of an error. */
const MOST_TEXT = 500;

/** Told when a service begins to fail and when that ends, of those whose reasons are kept. */
export interface FailureEvents {
  failing(failure: ServiceFailure): void;
  recovered(failure: ServiceFailure): void;
}

/** The services of one source that fail, by the text of their key. */
export class ServiceFailures {
  /** Undefined for those whose reason is not kept. */
  readonly #failing = new Map<string, ServiceFailure | undefined>();
  #kept = 0;
  #failures = 0;
  /** Failing before the source started anew, and not heard of since. */
  #unconfirmed = new Set<string>();
  #shown: FailingServices | undefined;

  /** @param now milliseconds since the epoch */
  constructor(
    private readonly events: FailureEvents,
    private readonly now: () => number,
  ) {}

  failed(text: string, key: ServiceKey, error: SignalboxError): void {
    this.#failures += 1;
    this.#shown = undefined;
    this.#unconfirmed.delete(text);
    const isNew = !this.#failing.has(text);
    if (isNew && this.#failing.size >= MOST_COUNTED) return;
    const before = this.#failing.get(text);
    if (before === undefined && this.#kept >= MOST_KEPT) {
      this.#failing.set(text, undefined);
      return;
    }
    if (before === undefined) this.#kept += 1;
    const message = error.message.slice(0, MOST_TEXT);
    const failure = { key, code: error.code, message, since: before?.since ?? this.now() };
    this.#failing.set(text, failure);
    if (isNew) this.events.failing(failure);
  }

  /** The service has answered, or is gone. */
  ended(text: string): void {
    const failure = this.#failing.get(text);
    if (!this.#failing.delete(text)) return;
    this.#shown = undefined;
    this.#unconfirmed.delete(text);
    if (failure === undefined) return;
    this.#kept -= 1;
    this.events.recovered(failure);
  }

  /** Whether the service fails and its last good state is to stay. */
  keeps(text: string): boolean {
    return this.#failing.has(text) && this.#failing.get(text)?.code !== 'service_name_invalid';
  }

  /** The source starts anew: what fails still is told again before its next answer. */
  restarted(): void {
    this.#unconfirmed = new Set(this.#failing.keys());
  }

  /** The source has answered: what has not failed again since it started anew does not fail any more. */
  answered(): void {
    for (const text of this.#unconfirmed) this.ended(text);
  }

  /** Those whose reasons are kept. */
  all(): readonly ServiceFailure[] {
    return [...this.#failing.values()].filter((failure) => failure !== undefined);
  }

  get shown(): FailingServices {
    if (this.#shown === undefined) {
      const first: ServiceFailure[] = [];
      for (const failure of this.#failing.values()) {
        if (failure !== undefined) first.push(failure);
        if (first.length === MOST_NAMED) break;
      }
      this.#shown = { count: this.#failing.size, first, failures: this.#failures };
    }
    return this.#shown;
  }
}
