import { Backoff } from './backoff.js';

/** Queries under way at a time. */
const MOST = 2;

interface Retry {
  readonly backoff: Backoff;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Services whose query failed. Each is read again after a back-off of its own, from 1 s to 30 s, beside whatever follows
 * the others, so that nothing waits for a service that does not answer.
 */
export class ServiceRetries<T> {
  readonly #failing = new Map<string, Retry>();
  /** Those whose time has come. */
  readonly #due = new Set<string>();
  #underWay = 0;
  #settled = new Map<string, T>();
  #broken: { readonly thrown: unknown } | undefined;
  #wake: () => void = () => undefined;

  /** @param read resolves also where the query fails; where it rejects, `ready` rejects too */
  constructor(
    private readonly read: (service: string) => Promise<T>,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** Whether the service failed when last it was read. */
  has(service: string): boolean {
    return this.#failing.has(service);
  }

  get services(): Iterable<string> {
    return this.#failing.keys();
  }

  /** The query of the service has failed, for the first time or again. */
  failed(service: string): void {
    if (this.signal.aborted) return;
    const retry = this.#failing.get(service) ?? { backoff: new Backoff(1_000, 30_000), timer: undefined };
    this.#failing.set(service, retry);
    clearTimeout(retry.timer);
    retry.timer = setTimeout(() => this.#turn(service), retry.backoff.next());
  }

  /** Something of the service has changed: a failing one is read without waiting for its time. */
  hurry(service: string): void {
    const retry = this.#failing.get(service);
    if (retry?.timer === undefined) return;
    clearTimeout(retry.timer);
    this.#turn(service);
  }

  /** The service has answered, or is gone. */
  drop(service: string): void {
    clearTimeout(this.#failing.get(service)?.timer);
    this.#failing.delete(service);
    this.#due.delete(service);
    this.#settled.delete(service);
  }

  /** Resolves, with this, when there is something to take. */
  async ready(): Promise<this> {
    while (this.#settled.size === 0) {
      if (this.#broken !== undefined) throw this.#broken.thrown;
      await new Promise<void>((done) => {
        this.#wake = done;
      });
    }
    return this;
  }

  /** What was read since the last time, by service. Tell of each whether it has {@link failed} or can be dropped. */
  take(): ReadonlyMap<string, T> {
    const settled = this.#settled;
    this.#settled = new Map();
    return settled;
  }

  #turn(service: string): void {
    const retry = this.#failing.get(service);
    if (retry !== undefined) retry.timer = undefined;
    this.#due.add(service);
    this.#pump();
  }

  #pump(): void {
    for (const service of this.#due) {
      if (this.#underWay === MOST || this.signal.aborted) return;
      this.#due.delete(service);
      const retry = this.#failing.get(service);
      this.#underWay += 1;
      this.read(service).then(
        (read) => {
          // It may have been dropped meanwhile.
          if (retry !== undefined && this.#failing.get(service) === retry) this.#settled.set(service, read);
          this.#ended();
        },
        (thrown: unknown) => {
          this.#broken = { thrown };
          this.#ended();
        },
      );
    }
  }

  #ended(): void {
    this.#underWay -= 1;
    this.#pump();
    this.#wake();
  }

  #end(): void {
    for (const { timer } of this.#failing.values()) clearTimeout(timer);
    this.#failing.clear();
    this.#due.clear();
  }
}
