import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { AdminServer } from '../admin/server.js';
import { Catalogue } from '../catalogue/catalogue.js';
import type { App, StartApp } from '../cli/app-handle.js';
import type { Config } from '../config/schema.js';
import { EtcdConnections } from '../discovery/etcd/connections.js';
import { DocumentSet } from '../documents/document-set.js';
import { documentStores } from '../documents/options.js';
import { addressOf } from '../model/instance.js';
import { Plan } from '../publish/plan.js';
import { DEFAULT_GROUP, Publisher } from '../publish/publisher.js';
import { SnapshotCache } from '../snapshot/cache.js';
import { Snapshot } from '../snapshot/snapshot.js';
import { XdsServer } from '../xds/server.js';
import { RegistrySet } from './registry-set.js';
import { listRoutes } from './route-list.js';

/** The composition root: everything that lives is made here. */
export const startApp: StartApp = async (config, { logger }) => {
  const app = new RunningApp(config, logger);
  await app.start();
  return app;
};

class RunningApp implements App {
  readonly #life = new AbortController();
  readonly #cache = new SnapshotCache();
  readonly #catalogue: Catalogue;
  readonly #documents = new DocumentSet();
  readonly #registries: RegistrySet;
  readonly #xds: XdsServer;
  #config: Config;
  #plan: Plan;
  #publisher: Publisher;
  #publisherLife = new AbortController();
  #admin: AdminServer | undefined;
  #grace: NodeJS.Timeout | undefined;
  #xdsAddress = '';

  constructor(
    config: Config,
    private readonly logger: Logger,
  ) {
    this.#config = config;
    this.#catalogue = new Catalogue({ logger });
    const deps = { logger, connections: new EtcdConnections(), documents: this.#documents };
    this.#registries = new RegistrySet(this.#catalogue, deps, this.#life.signal);
    this.#xds = new XdsServer(this.#cache, {
      identifier: `signalbox/${hostname()}`,
      groupOf: () => DEFAULT_GROUP,
      logger,
    });
    this.#plan = new Plan(config);
    this.#publisher = this.#newPublisher();
    this.#catalogue.onChange((names) => {
      this.#takeUp(names);
      this.#registries.settle();
    });
  }

  get xdsAddress(): string {
    return this.#xdsAddress;
  }

  get adminAddress(): string {
    return this.#admin?.address ?? '';
  }

  async start(): Promise<void> {
    try {
      this.#xdsAddress = await this.#xds.listen(addressOf(this.#config.xds.listen));
      this.#admin = await this.#startAdmin();
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
    this.#applySources();
    this.#publisher.changed(new Set());
    this.#grace = setTimeout(() => this.#endGrace(), this.#config.startup_grace);
  }

  async reload(config: Config): Promise<void> {
    for (const name of ['xds', 'admin'] as const) {
      if (addressOf(config[name].listen) === addressOf(this.#config[name].listen)) continue;
      this.logger.warn({ option: `${name}.listen` }, 'a new listen address takes effect at the next start');
    }
    this.#config = config;
    const started = this.#publisher.started;
    this.#publisherLife.abort();
    this.#publisherLife = new AbortController();
    this.#applySources();
    this.#documents.takeChanges();
    this.#plan = new Plan(config, this.#documents.current());
    this.#publisher = this.#newPublisher();
    if (started) this.#publisher.publishAll();
    else this.#publisher.changed(new Set());
  }

  async stop(): Promise<void> {
    clearTimeout(this.#grace);
    this.#publisherLife.abort();
    this.#life.abort();
    await Promise.all([this.#xds.stop(), this.#admin?.stop()]);
  }

  #applySources(): void {
    const stores = documentStores(this.#config.routes_from);
    this.#documents.keepOnly(Object.keys(stores));
    this.#registries.apply({ ...this.#config.discovery, ...stores });
  }

  /** Services and documents that changed in one answer are published as one. */
  #takeUp(names: ReadonlySet<string>): void {
    const policies = this.#documents.takeChanges();
    if (policies === undefined) {
      this.#publisher.changed(names);
      return;
    }
    this.#plan = new Plan(this.#config, this.#documents.current());
    this.#publisher.replan(this.#plan, [...policies, ...names]);
    this.#publisher.changed(new Set());
  }

  #newPublisher(): Publisher {
    const { delay, max_delay } = this.#config.publish;
    const options = { delay, maxDelay: max_delay, logger: this.logger };
    return new Publisher(this.#catalogue, this.#plan, this.#cache, options, this.#publisherLife.signal);
  }

  #endGrace(): void {
    for (const { registry, server, lastError } of this.#catalogue.unanswered()) {
      const reason = lastError?.message ?? 'no answer yet';
      this.logger.error(
        { registry, server, reason },
        'the registry has not answered within startup_grace: started without it',
      );
    }
    this.#catalogue.leaveOutUnanswered();
  }

  async #startAdmin(): Promise<AdminServer> {
    return await AdminServer.start(
      {
        unready: () => this.#unready(),
        serviceNames: () => new Set([...this.#catalogue.names(), ...this.#plan.wanted]),
        service: (name) => this.#catalogue.service(name),
        served: (view) => this.#plan.served(view),
        sources: () => this.#catalogue.sources(),
        routes: () => listRoutes(this.#config, this.#documents, this.#plan, this.#catalogue.names()),
        policyDocuments: () => this.#documents.policies(),
        streams: () => this.#xds.streams,
        snapshot: () => this.#cache.getSnapshot(DEFAULT_GROUP) ?? Snapshot.EMPTY,
      },
      this.#config.admin.listen,
    );
  }

  #unready(): string | undefined {
    if (this.#publisher.started) return undefined;
    const missing = this.#catalogue
      .unanswered()
      .map(({ registry, server, lastError }) =>
        lastError === undefined ? `${registry} (${server})` : `${registry} (${server}): ${lastError.message}`,
      );
    return `waiting for the first answer of: ${missing.join(', ')}`;
  }
}
