import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { Secret } from '../../config/secret.js';
import { SignalboxError } from '../../errors.js';
import type { Address } from '../../model/address.js';
import { addressOf } from '../../model/instance.js';
import { Backoff } from '../backoff.js';
import { pause } from '../pause.js';
import type { ServiceState, Source, SourceSink } from '../source.js';
import { type Ensemble, readHosts } from './hosts.js';
import type { ZooKeeperOptions } from './options.js';
import { type PrefixChanges, PrefixWatch } from './prefix-watch.js';
import { type SessionOptions, ZooKeeperSession } from './session.js';

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
      ...(options.username !== undefined &&
        password !== undefined && { credentials: { username: options.username, password } }),
    };
  }

  async run(sink: SourceSink, signal: AbortSignal): Promise<void> {
    const { servers } = this.ensemble;
    const known = new Map<string, ServiceState>();
    const backoff = new Backoff();
    // Not all of many replicas should lean on the same server.
    for (let turn = Math.floor(Math.random() * servers.length); !signal.aborted; turn += 1) {
      const server = servers[turn % servers.length];
      if (server === undefined) return;
      try {
        await this.#follow(server, known, backoff, sink, signal);
      } catch (thrown) {
        if (signal.aborted) return;
        if (!(thrown instanceof SignalboxError)) throw thrown;
        sink.failed(thrown);
        await pause(backoff.next(), signal);
      }
    }
  }

  /** Opens a session, reads everything, and keeps `known` right until the session ends. */
  async #follow(
    server: Address,
    known: Map<string, ServiceState>,
    backoff: Backoff,
    sink: SourceSink,
    signal: AbortSignal,
  ): Promise<never> {
    const session = await ZooKeeperSession.open(server, this.#session, signal);
    this.logger.info({ registry: this.registry, server: addressOf(server) }, 'connected to ZooKeeper');
    const retries = new Backoff(2_000, 30_000);
    let retryAt = 0;
    let held = 0;
    const watch: PrefixWatch = new PrefixWatch(
      session,
      this.options,
      (changes) => {
        // An answer that came just before the end.
        if (session.lost) return;
        backoff.reset();
        held = changes.held.size;
        commit(changes, known, sink, watch.revision);
      },
      (path) => sink.failed(refusedError(path)),
      (thrown) => session.fail(thrown),
    );
    try {
      return await session.watchOver(() => {
        if (watch.refusedZnodes === 0) {
          if (watch.complete && held === 0) sink.synced(watch.revision);
        } else if (performance.now() >= retryAt) {
          retryAt = performance.now() + retries.next();
          session.authenticate();
          watch.retryRefused();
        }
      });
    } finally {
      session.close();
    }
  }
}

/** Tells what is not known yet; where something could not be understood, that as well. */
function commit(
  { services, whole, held }: PrefixChanges,
  known: Map<string, ServiceState>,
  sink: SourceSink,
  revision: string,
): void {
  const gone = whole ? [...known.keys()].filter((name) => !services.has(name) && !held.has(name)) : [];
  const states = [...gone.map((name): [string, undefined] => [name, undefined]), ...services];
  const changes = states.filter(([name, state]) => !isDeepStrictEqual(known.get(name), state));
  for (const [service, state] of changes) {
    if (state === undefined) known.delete(service);
    else known.set(service, state);
    sink.set({ service }, state);
  }
  // A registry of which nothing may be read has not answered.
  if (held.size === 0 || changes.length > 0) sink.synced(revision);
  const [first] = held.values();
  if (first === undefined) return;
  const others = held.size === 1 ? '' : ` (and ${held.size - 1} more services)`;
  sink.failed(new SignalboxError(first.code, `${first.message}${others}; the last good state stays`));
}

function refusedError(path: string): SignalboxError {
  return new SignalboxError('registry_refused', `${path}: these credentials may not read it`);
}
