import type { Logger } from 'pino';
import { exposure } from '../access/exposure.js';
import type { Unready } from '../admin/api.js';
import type { AdminServer } from '../admin/server.js';
import { Catalogue } from '../catalogue/catalogue.js';
import type { App, AppDependencies, StartApp } from '../cli/app-handle.js';
import { requireAdminToken } from '../config/admin-options.js';
import type { Config } from '../config/schema.js';
import { DocumentSet } from '../documents/document-set.js';
import { documentStores } from '../documents/options.js';
import { DEFAULT_GROUP } from '../groups/default-group.js';
import { GroupFanOut } from '../groups/group-fan-out.js';
import { addressOf } from '../model/instance.js';
import { LastWords } from '../publish/last-words.js';
import { Leaving } from '../publish/leaving.js';
import { Plan } from '../publish/plan.js';
import { type PublicationObserver, Publisher } from '../publish/publisher.js';
import { Releases } from '../release/releases.js';
import { secretsOf } from '../resources/listener/tls.js';
import { SecretStore } from '../secrets/secret-store.js';
import { SnapshotCache } from '../snapshot/cache.js';
import { Snapshot } from '../snapshot/snapshot.js';
import { type KeptSnapshot, SnapshotKeeper } from '../snapshot/snapshot-keeper.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import type { ProxyServer } from '../workers/proxy-server.js';
import { derivedServices } from './derived-services.js';
import { takingEffectLater } from './later-options.js';
import { newProxyServer } from './new-proxy-server.js';
import { Observation } from './observation.js';
import { RegistrySet } from './registry-set.js';
import { RestoredSnapshot } from './restored-snapshot.js';
import { SourceFactory } from './sources.js';
import { startAdmin } from './start-admin.js';
import { told, waitingFor } from './unready.js';

/** The composition root: everything that lives is made here. */
export const startApp: StartApp = async (config, { logger, ...others }) => {
  const app = new RunningApp(config, logger, others);
  await app.start();
  return app;
};

class RunningApp implements App {
  readonly #life = new AbortController();
  readonly #cache = new SnapshotCache();
  readonly #catalogue: Catalogue;
  readonly #documents = new DocumentSet();
  readonly #registries: RegistrySet;
  readonly #secrets: SecretStore;
  readonly #observation: Observation;
  readonly #releases: Releases;
  readonly #keeper: SnapshotKeeper | undefined;
  #restored: RestoredSnapshot | undefined;
  readonly #xds: ProxyServer;
  #config: Config;
  readonly #leaving = new Leaving();
  readonly #lastWords = new LastWords();
  #plan: Plan;
  #publisher: Publisher;
  #publisherLife = new AbortController();
  #admin: AdminServer | undefined;
  #grace: NodeJS.Timeout | undefined;
  #xdsAddress = '';

  constructor(
    config: Config,
    private readonly logger: Logger,
    { logFormat = 'json', unhandledRejections = () => 0 }: Omit<AppDependencies, 'logger'>,
  ) {
    this.#config = config;
    this.#catalogue = new Catalogue({ logger });
    const sources = new SourceFactory({
      wanted: () => [...this.#plan.named],
      documents: this.#documents,
    });
    this.#registries = new RegistrySet(
      this.#catalogue,
      (registry, options, deps) => sources.create(registry, options, deps),
      logger,
      this.#life.signal,
    );
    this.#observation = new Observation(config, {
      logger,
      ready: () => this.#unready() === undefined,
      sources: () => this.#catalogue.sources(),
      snapshot: () => this.#snapshot(),
      release: () => this.#releases.status,
      serving: {
        processes: () => this.#xds.processes,
        follow: (publication) => this.#xds.published(publication),
      },
      xds: () => this.#xds.totals(),
      unhandledRejections,
    });
    this.#cache.watch((group, snapshot) => {
      if (group !== DEFAULT_GROUP) return;
      this.#observation.published();
      // What comes from the file does not grow younger by it.
      if (this.#publisher.started) this.#keeper?.published(snapshot);
    }, this.#life.signal);
    const { quarantine, rollout, snapshot } = config;
    this.#releases = new Releases(
      this.#cache,
      { quarantine, logger, ...(rollout && { rollout }) },
      this.#life.signal,
      () => this.#keeper?.accepted(),
    );
    this.#keeper = snapshot && new SnapshotKeeper(snapshot, logger, Date.now, this.#releases);
    this.#xds = newProxyServer(config, this.#cache, this.#observation, this.#releases, {
      logger,
      logFormat,
    });
    this.#secrets = new SecretStore({ logger, onChange: () => this.#takeUpSecrets() }, this.#life.signal);
    this.#secrets.apply(config.listeners.flatMap(secretsOf));
    this.#plan = this.#newPlan();
    this.#publisher = this.#newPublisher();
    this.#catalogue.onChange((names, registry) => {
      this.#observation.changed(registry, names);
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
    const { discovery, routes_from } = this.#config;
    requireAdminToken(this.#config.admin);
    try {
      const exposed = exposure(this.#config);
      if (exposed !== undefined) this.logger.warn({ option: 'xds.listen' }, exposed);
      this.#xdsAddress = await this.#xds.listen(addressOf(this.#config.xds.listen));
      this.#admin = await this.#startAdmin();
      const stores = documentStores(routes_from);
      this.#registries.apply(await this.#registries.prepare({ ...discovery, ...stores }));
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
    // Before anything is published: what proxies of a life before have accepted is not taken from them.
    const kept = this.#keeper?.read();
    this.#releases.restore(kept?.accepted ?? new Map());
    this.#publisher.changed(new Set());
    this.#restored = this.#keeper && this.#newRestored(this.#keeper.path, kept);
    this.#grace = setTimeout(() => this.#endGrace(), this.#config.startup_grace);
  }

  async reload(config: Config): Promise<void> {
    requireAdminToken({ ...config.admin, listen: this.#config.admin.listen });
    const stores = documentStores(config.routes_from);
    const registries = await this.#registries.prepare({ ...config.discovery, ...stores });
    for (const { option, message } of takingEffectLater(this.#config, config))
      this.logger.warn({ option }, message);
    this.#config = config;
    this.#observation.configure(config);
    this.#xds.configureLoadReports(config.load_reports);
    const started = this.#publisher.started;
    this.#publisherLife.abort();
    this.#publisherLife = new AbortController();
    this.#documents.keepOnly(Object.keys(stores));
    this.#documents.takeChanges();
    this.#secrets.apply(config.listeners.flatMap(secretsOf));
    this.#plan = this.#newPlan();
    this.#registries.apply(registries);
    this.#publisher = this.#newPublisher();
    if (started) this.#publisher.publishAll();
    else this.#publisher.changed(new Set());
    // Only now: who comes to a group is to find what it has to give.
    this.#xds.replaceAdmission({ allow: config.allow, groups: config.groups });
    this.#releases.keepOnly(Object.keys(config.groups));
  }

  async stop(): Promise<void> {
    clearTimeout(this.#grace);
    this.#publisherLife.abort();
    this.#life.abort();
    // The admin API goes on telling why the instance is not ready.
    await Promise.all([this.#xds.stop(), this.#keeper?.close(), this.#registries.closed()]);
    await this.#admin?.stop();
  }

  /** Services and documents that changed in one answer are published as one. */
  #takeUp(names: ReadonlySet<string>): void {
    const policies = this.#documents.takeChanges();
    if (policies === undefined) {
      this.#publisher.changed(names);
      return;
    }
    this.#plan = this.#newPlan();
    this.#publisher.replan(this.#plan, [...policies, ...names]);
    this.#publisher.changed(new Set());
  }

  /** Told of publications, also of those that change nothing: then the file of a life before is confirmed. */
  readonly #publication: PublicationObserver = {
    building: () => this.#observation.building(),
    built: (milliseconds) => {
      this.#observation.built(milliseconds);
      this.#keeper?.published(this.#snapshot());
    },
  };

  #takeUpSecrets(): void {
    this.#plan = this.#newPlan();
    this.#publisher.replan(this.#plan, []);
    this.#restored?.again();
  }

  #newRestored(file: string, kept: KeptSnapshot | undefined): RestoredSnapshot {
    return new RestoredSnapshot(
      file,
      kept,
      {
        logger: this.logger,
        waiting: () => this.#catalogue.unanswered(),
        started: () => this.#publisher.started,
        serve: (snapshot) => {
          const secrets = this.#plan.secrets().map((secret) => [secret.name, secret] as const);
          const names = new Set(snapshot.set(TYPE_URL.cluster).names());
          this.#newGroups().setSnapshot(snapshot.with(new Map([[TYPE_URL.secret, new Map(secrets)]])), {
            listeners: this.#plan.listenerNames(),
            rules: this.#plan.routes(names),
            settings: this.#plan.virtualHosts,
          });
        },
      },
      this.#life.signal,
    );
  }

  #newPlan(): Plan {
    const documents = this.#documents.current();
    this.#catalogue.setDerived(derivedServices(this.#config, documents));
    return new Plan(this.#config, documents, this.#secrets.resources());
  }

  #newGroups(): GroupFanOut {
    return new GroupFanOut(this.#config.groups, (group) => this.#releases.of(group));
  }

  #newPublisher(): Publisher {
    const { delay, max_delay } = this.#config.publish;
    const options = {
      ...{ delay, maxDelay: max_delay, logger: this.logger },
      ...{ observer: this.#publication, leaving: this.#leaving, lastWords: this.#lastWords },
    };
    return new Publisher(this.#catalogue, this.#plan, this.#newGroups(), options, this.#publisherLife.signal);
  }

  #snapshot(): Snapshot {
    return this.#cache.getSnapshot(DEFAULT_GROUP) ?? Snapshot.EMPTY;
  }

  #endGrace(): void {
    if (this.#restored?.current !== undefined) {
      this.logger.error(
        this.#restored.current,
        'not all registries have answered within startup_grace: the snapshot file is served on',
      );
      return;
    }
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
    return await startAdmin({
      ...{ catalogue: this.#catalogue, documents: this.#documents, secrets: this.#secrets },
      ...{ releases: this.#releases, xds: this.#xds, cache: this.#cache, observation: this.#observation },
      logger: this.logger,
      config: () => this.#config,
      plan: () => this.#plan,
      restored: () => this.#restored?.current,
      snapshot: () => this.#snapshot(),
      unready: () => this.#unready(),
    });
  }

  #unready(): Unready | undefined {
    if (this.#life.signal.aborted) return told('shutting down');
    if (this.#publisher.started || this.#restored?.current !== undefined) {
      const reason = this.#xds.unready();
      return reason === undefined ? undefined : told(reason);
    }
    return waitingFor(this.#catalogue.sources().length, this.#catalogue.unanswered());
  }
}
