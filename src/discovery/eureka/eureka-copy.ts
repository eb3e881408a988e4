import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.js';
import type { EurekaAnswer } from './eureka-answer.js';
import type { EurekaHost } from './eureka-host.js';
import type { EurekaMapping } from './eureka-mapping.js';

/** Milliseconds that a copy may be old and still take a delta: the server forgets changes after three minutes. */
const DELTA_REACH = 150_000;

/** How things stood after a round. */
interface Round {
  readonly host: EurekaHost;
  readonly at: number;
  /** The last delta as it came. */
  readonly delta: string | undefined;
  /** Whether all that the server has was what that delta made of the copy. */
  readonly confirmed: boolean;
}

/**
 * Keeps a mapping up to date from whichever host answers.
 *
 * A server computes the delta once after a change and gives it out again until the next one. A change that comes while it
 * computes is not in it and does not make it compute anew, so that all would seem well until the answer expires
 * (`eureka.server.response-cache-auto-expiration-in-seconds`, 3 min). So a delta that is given out again is checked,
 * once, against everything, which the server computes apart from it.
 */
export class EurekaCopy {
  /** The index of the host to ask: the one that answered last. */
  #current: number;
  /** The round that the copy came from. */
  #last: Round | undefined;

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
    const recent = last?.host === host && at - last.at < DELTA_REACH ? last : undefined;
    const delta = recent && (await host.readDelta(signal));
    const told = { host, at, delta: delta?.text };
    if (recent !== undefined && delta !== undefined) {
      const repeated = delta.text === recent.delta;
      if (repeated && recent.confirmed) {
        this.#last = { ...told, confirmed: true };
        return;
      }
      if (!repeated && this.#takes(delta, host)) {
        this.#last = { ...told, confirmed: false };
        return;
      }
    }
    this.mapping.replace((await host.readAll(signal)).applications);
    this.#last = { ...told, confirmed: this.mapping.hash === delta?.hash };
  }

  /** Whether a delta makes the copy what the server says that it must be. */
  #takes(delta: EurekaAnswer, host: EurekaHost): boolean {
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
