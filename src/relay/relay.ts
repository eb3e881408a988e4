import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { exposure } from '../access/exposure.js';
import { AdminServer } from '../admin/server.js';
import type { AdminOptions } from '../config/admin-options.js';
import { Secret } from '../config/secret.js';
import { DEFAULT_GROUP } from '../groups/default-group.js';
import type { Address } from '../model/address.js';
import { addressOf } from '../model/instance.js';
import { SnapshotCache } from '../snapshot/cache.js';
import { SnapshotKeeper } from '../snapshot/snapshot-keeper.js';
import { LocalProxyServer } from '../workers/proxy-server.js';
import type { TlsFiles } from '../xds/guard/server-certificates.js';
import { RelayedSnapshot } from './relayed-snapshot.js';
import { relayRoutes } from './routes.js';
import { Upstream, type UpstreamOptions } from './upstream.js';

export interface RelayOptions {
  readonly upstream: UpstreamOptions;
  readonly xds: Address;
  /** Of the relay's own xDS port; plaintext without it. */
  readonly tls?: TlsFiles | undefined;
  readonly admin: AdminOptions;
  /** Where what is served is kept; without it a start needs the upstream. */
  readonly snapshot?: string | undefined;
}

/** Over how long a time the proxies are sent away at the end, milliseconds. */
const DRAIN = 2_000;

/** Serves what an upstream Signalbox serves: the composition root of `signalbox relay`. */
export class Relay {
  readonly #life = new AbortController();
  readonly #cache = new SnapshotCache();
  readonly #keeper: SnapshotKeeper | undefined;
  readonly #upstream: Upstream;
  readonly #relayed: RelayedSnapshot;
  readonly #xds: LocalProxyServer;
  #admin: AdminServer | undefined;
  #following: Promise<void> = Promise.resolve();
  #xdsAddress = '';

  private constructor(
    private readonly options: RelayOptions,
    private readonly logger: Logger,
  ) {
    const { snapshot, tls } = options;
    this.#keeper =
      snapshot === undefined ? undefined : new SnapshotKeeper({ path: snapshot, expire: 0 }, logger);
    this.#upstream = new Upstream(options.upstream);
    this.#relayed = new RelayedSnapshot(this.#cache, {
      upstream: this.#upstream,
      keeper: this.#keeper,
      logger,
    });
    this.#xds = new LocalProxyServer(this.#cache, {
      identifier: `signalbox-relay/${hostname()}`,
      admission: { allow: undefined, groups: {} },
      drain: DRAIN,
      tls,
      logger,
    });
    const exposed = exposure({ xds: { listen: options.xds, tls } });
    if (exposed !== undefined) logger.warn(exposed);
  }

  /** @throws SignalboxError `listen_failed`, `tls_invalid`, `config_invalid` */
  static async start(options: RelayOptions, logger: Logger): Promise<Relay> {
    const relay = new Relay(options, logger);
    try {
      await relay.#start();
    } catch (thrown) {
      await relay.stop();
      throw thrown;
    }
    return relay;
  }

  /** `host:port`, with the port that the system chose where it was left open. */
  get xdsAddress(): string {
    return this.#xdsAddress;
  }

  get adminAddress(): string {
    return this.#admin?.address ?? '';
  }

  /** Sends the proxies away and ends. */
  async stop(): Promise<void> {
    this.#life.abort();
    await Promise.all([this.#xds.stop(), this.#keeper?.close(), this.#following]);
    await this.#admin?.stop();
  }

  async #start(): Promise<void> {
    const { xds, admin } = this.options;
    this.#xdsAddress = await this.#xds.listen(addressOf(xds));
    const routes = relayRoutes(
      {
        upstream: this.#upstream,
        status: () => this.#relayed.status,
        snapshot: () => this.#cache.getSnapshot(DEFAULT_GROUP),
        history: () => this.#cache.history(),
        proxies: () => this.#xds.proxies(),
      },
      { logger: this.logger, token: () => Secret.from(admin.token, admin.token_file) },
    );
    this.#admin = await AdminServer.start(routes, admin);
    this.#following = this.#relayed.run(this.#life.signal);
  }
}
