import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.js';
import type { EurekaHost } from './eureka-host.js';
import type { EurekaMapping } from './eureka-mapping.js';

/** Milliseconds that a copy may be old and still take a delta: the server forgets changes after three minutes. */
const DELTA_REACH = 150_000;

/** Keeps a mapping up to date from whichever host answers. */
export class EurekaCopy {
  /** The index of the host to ask: the one that answered last. */
  #current: number;
  /** The host that the copy came from, and when. */
  #last: { readonly host: EurekaHost; readonly at: number } | undefined;

  constructor(
    private readonly hosts: readonly EurekaHost[],
    readonly mapping: EurekaMapping,
    private readonly logger: Logger,
  ) {
    this.#current = Math.floor(Math.random() * hosts.length);
  }

  /** @throws SignalboxError where no host has an answer */
  async refresh(signal: AbortSignal): Promise<void> {
    const errors: SignalboxError[] = [];
    for (let tried = 0; tried < this.hosts.length; tried += 1) {
      const host = this.hosts[this.#current];
      if (host === undefined) break;
      try {
        await this.#refreshFrom(host, signal);
        return;
      } catch (thrown) {
        if (signal.aborted || !(thrown instanceof SignalboxError)) throw thrown;
        errors.push(thrown);
        if (this.hosts.length > 1)
          this.logger.warn({ server: host.name, err: thrown }, 'this host of Eureka does not answer');
        this.#current = (this.#current + 1) % this.hosts.length;
      }
    }
    throw combined(errors);
  }

  async #refreshFrom(host: EurekaHost, signal: AbortSignal): Promise<void> {
    const last = this.#last;
    // Whatever goes wrong half-way, the next attempt reads everything.
    this.#last = undefined;
    const at = performance.now();
    // Another host's changes need not be those that this copy lacks.
    const recent = last?.host === host && at - last.at < DELTA_REACH;
    if (!recent || !(await this.#applyDelta(host, signal))) {
      this.mapping.replace((await host.readAll(signal)).applications);
    }
    this.#last = { host, at };
  }

  /** Whether the copy is now as the server says that it must be. */
  async #applyDelta(host: EurekaHost, signal: AbortSignal): Promise<boolean> {
    const delta = await host.readDelta(signal);
    if (delta === undefined) return false;
    this.mapping.apply(delta.applications);
    const { hash } = this.mapping;
    if (hash === delta.hash) return true;
    const compared = { server: host.name, expected: delta.hash, hash };
    this.logger.info(compared, 'the deltas of Eureka do not add up: reading everything');
    return false;
  }
}

function combined(errors: readonly SignalboxError[]): SignalboxError {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) return first;
  return new SignalboxError(
    first?.code ?? 'registry_unreachable',
    errors.map(({ message }) => message).join('; '),
  );
}
