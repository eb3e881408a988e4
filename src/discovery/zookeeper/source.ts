import type { Logger } from 'pino';
import { Secret } from '../../config/secret.js';
import { SignalboxError } from '../../errors.js';
import type { Address } from '../../model/address.js';
import { addressOf } from '../../model/instance.js';
import { Backoff } from '../backoff.js';
import { pause } from '../pause.js';
import type { Source, SourceSink } from '../source.js';
import { type Ensemble, readHosts } from './hosts.js';
import type { ZooKeeperOptions } from './options.js';
import { PrefixWatch } from './prefix-watch.js';
import { type SessionOptions, ZooKeeperSession } from './session.js';
import { Teller } from './teller.js';

/** One source: the hosts are an ensemble, whose servers agree. */
export function createZooKeeperSources(
  registry: string,
  options: ZooKeeperOptions,
  deps: { readonly logger: Logger },
): readonly Source[] {
  const { ensemble, problem } = readHosts(options.hosts);
  if (ensemble === undefined) throw new SignalboxError('config_invalid', `${registry}: ${problem}`);
  return [new ZooKeeperSource(registry, ensemble, options, deps.logger)];
}

class ZooKeeperSource implements Source {
  readonly server: string;
  readonly #session: SessionOptions;

  constructor(
    readonly registry: string,
    private readonly ensemble: Ensemble,
    private readonly options: ZooKeeperOptions,
    private readonly logger: Logger,
  ) {
    this.server = `zookeeper://${ensemble.servers.map(addressOf).join(',')}${ensemble.chroot}`;
    const password = Secret.from(options.password, options.password_file);
    this.#session = {
      chroot: ensemble.chroot,
      sessionTimeout: options.session_timeout,
      timeout: options.timeout,
      maxAnswer: options.max_answer,
      ...(options.username !== undefined &&
        password !== undefined && { credentials: { username: options.username, password } }),
    };
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { servers } = this.ensemble;
    const teller = new Teller(sink);
    const backoff = new Backoff();
    // Not all of many replicas should lean on the same server.
    for (let turn = Math.floor(Math.random() * servers.length); !signal.aborted; turn += 1) {
      const server = servers[turn % servers.length];
      if (server === undefined) return;
      try {
        await this.#follow(server, teller, backoff, sink, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        if (!(thrown instanceof SignalboxError)) throw thrown;
        sink.failed(thrown);
        await pause(backoff.next(), signal);
      }
    }
  }

  /** Opens a session, reads everything, and keeps the sink right until the session ends. */
  async #follow(
    server: Address,
    teller: Teller,
    backoff: Backoff,
    sink: SourceSink,
    signal: AbortSignal,
  ): Promise<never> {
    const session = await ZooKeeperSession.open(server, this.#session, signal);
    this.logger.info({ registry: this.registry, server: addressOf(server) }, 'connected to ZooKeeper');
    const retries = new Backoff(2_000, 30_000);
    let retryAt = 0;
    const watch: PrefixWatch = new PrefixWatch(
      session,
      this.options,
      (changes) => {
        // An answer that came just before the end.
        if (session.lost) return;
        backoff.reset();
        teller.take(changes, watch.revision);
      },
      (error) => sink.failed(error),
      (thrown) => session.fail(thrown),
    );
    try {
      return await session.watchOver(() => {
        if (watch.complete && !teller.isMute) sink.synced(watch.revision);
        if (watch.failingZnodes === 0) retries.reset();
        else if (performance.now() >= retryAt) {
          retryAt = performance.now() + retries.next();
          session.authenticate();
          watch.retryFailing();
        }
      });
    } finally {
      session.close();
    }
  }
}
