import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.js';
import { Backoff } from '../backoff.js';
import { inParallel } from '../in-parallel.js';
import { pause } from '../pause.js';
import { PushConnection } from './push-connection.js';
import { type NacosService, serviceText } from './scope.js';
import { type NacosServer, PARALLEL } from './server.js';

/** Milliseconds between two questions whether the server is there. */
const CHECK_EVERY = 5_000;

export interface NacosPushDeps {
  /** The server that is in use. */
  readonly server: () => NacosServer;
  /** Milliseconds until an answer. */
  readonly timeout: number;
  /** The largest message, bytes. */
  readonly maxAnswer: number;
  readonly notify: (key: NacosService, entries: readonly unknown[]) => void;
  readonly logger: Logger;
}

/**
 * Has the server in use tell of changes of the services of one namespace. It only makes changes known sooner: polling
 * finds all of them, so what fails here is logged and tried again.
 */
export class NacosPush {
  #wanted: ReadonlyMap<string, NacosService> = new Map();
  #wake: () => void = () => undefined;

  constructor(
    private readonly namespace: string,
    private readonly deps: NacosPushDeps,
  ) {}

  /** The services to be told of from now on; of other namespaces none is taken. */
  watch(services: readonly NacosService[]): void {
    const own = services.filter(({ namespace }) => namespace === this.namespace);
    this.#wanted = new Map(own.map((key) => [serviceText(key), key]));
    this.#wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    const backoff = new Backoff(500, 5_000);
    while (!signal.aborted) {
      const connected = Date.now();
      const error = await this.#serve(signal);
      if (Date.now() - connected > CHECK_EVERY) backoff.reset();
      if (signal.aborted) return;
      this.#log('Nacos does not push changes now, they are found by polling', { reason: error.message });
      await pause(backoff.next(), signal);
    }
  }

  /** Connects and stays so until that fails. */
  async #serve(signal: AbortSignal): Promise<SignalboxError> {
    const server = this.deps.server();
    const address = server.pushAddress;
    if (address === undefined)
      return new SignalboxError('registry_unreachable', 'there is none of its own beside this URL');
    const { timeout, maxAnswer } = this.deps;
    const notify = (key: NacosService, entries: readonly unknown[]) => this.#notify(key, entries);
    const identity = (grouped: string, life: AbortSignal) => server.identity(grouped, life);
    const target = { address, namespace: this.namespace, timeout, maxAnswer, identity, notify };
    let connection: PushConnection | undefined;
    try {
      connection = await PushConnection.open(target, signal);
      this.#log('Nacos pushes changes', { server: server.name });
      await this.#follow(connection, signal);
    } catch (thrown) {
      connection?.throwDefect();
      if (!(thrown instanceof SignalboxError)) throw thrown;
      return thrown;
    } finally {
      connection?.close();
    }
    connection.throwDefect();
    return new SignalboxError('registry_unreachable', 'the connection was lost');
  }

  /** Keeps the subscriptions in step with what is wanted. */
  async #follow(connection: PushConnection, signal: AbortSignal): Promise<void> {
    const held = new Map<string, NacosService>();
    const refused = new Set<string>();
    let wanted = this.#wanted;
    while (!connection.life.aborted && !signal.aborted) {
      const more = [...wanted].filter(([text]) => !held.has(text) && !refused.has(text));
      await inParallel(more, PARALLEL, async ([text, key]) => {
        try {
          const entries = await connection.subscribe(key, true, signal);
          held.set(text, key);
          this.#notify(key, entries);
        } catch (thrown) {
          // The server answers, and says no to this one: it is left to polling.
          if (!(thrown instanceof SignalboxError) || thrown.code === 'registry_unreachable') throw thrown;
          refused.add(text);
        }
      });
      const less = [...held].filter(([text]) => !wanted.has(text));
      await inParallel(less, PARALLEL, async ([text, key]) => {
        await connection.subscribe(key, false, signal);
        held.delete(text);
      });
      await connection.check();
      if (wanted === this.#wanted) await this.#rest(connection);
      if (wanted !== this.#wanted) refused.clear();
      wanted = this.#wanted;
    }
  }

  /** Waits until something is to be done. */
  async #rest(connection: PushConnection): Promise<void> {
    const rest = new AbortController();
    const wake = () => rest.abort();
    this.#wake = wake;
    connection.life.addEventListener('abort', wake);
    await pause(CHECK_EVERY, rest.signal);
    connection.life.removeEventListener('abort', wake);
  }

  /** A notification may come late, when its service is gone. */
  #notify(key: NacosService, entries: readonly unknown[]): void {
    if (this.#wanted.has(serviceText(key))) this.deps.notify(key, entries);
  }

  #log(message: string, details: object): void {
    this.deps.logger.info({ namespace: this.namespace, ...details }, message);
  }
}
