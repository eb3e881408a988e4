import type { Logger } from 'pino';
import type { Unready } from '../admin/api.js';
import type { RestoredView } from '../admin/release.js';
import { type AdminSubject, adminRoutes } from '../admin/routes.js';
import { AdminServer } from '../admin/server.js';
import type { Catalogue } from '../catalogue/catalogue.js';
import type { Config } from '../config/schema.js';
import { Secret } from '../config/secret.js';
import type { DocumentSet } from '../documents/document-set.js';
import type { Plan } from '../publish/plan.js';
import type { Releases } from '../release/releases.js';
import type { SecretStore } from '../secrets/secret-store.js';
import type { SnapshotCache } from '../snapshot/cache.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { ProxyServer } from '../workers/proxy-server.js';
import { listCertificates } from './certificate-list.js';
import { listConsumers } from './consumer-list.js';
import type { Observation } from './observation.js';
import { listRoutes } from './route-list.js';
import { skipRules } from './skipped-by.js';

/** The parts of the program that the admin API shows. A reload replaces the configuration and the plan. */
export interface ShownParts {
  readonly catalogue: Catalogue;
  readonly documents: DocumentSet;
  readonly secrets: SecretStore;
  readonly releases: Releases;
  readonly xds: ProxyServer;
  readonly cache: SnapshotCache;
  readonly observation: Observation;
  readonly logger: Logger;
  readonly config: () => Config;
  readonly plan: () => Plan;
  /** The snapshot file that is served; undefined if the registries are. */
  readonly restored: () => RestoredView | undefined;
  readonly snapshot: () => Snapshot;
  readonly unready: () => Unready | undefined;
}

/** Starts the admin API. @throws SignalboxError if it cannot listen */
export async function startAdmin(parts: ShownParts): Promise<AdminServer> {
  const { logger, config } = parts;
  const { admin } = config();
  const options = {
    logger,
    token: () => Secret.from(config().admin.token, config().admin.token_file),
    page: new URL('../admin/page/', import.meta.url),
  };
  return await AdminServer.start(adminRoutes(subjectOf(parts), options), admin);
}

function subjectOf(parts: ShownParts): AdminSubject {
  const { catalogue, documents, secrets, releases, xds, cache, observation } = parts;
  const { config, plan, restored, snapshot, unready } = parts;
  return {
    ...{ unready, restored, snapshot },
    serviceNames: () => new Set([...catalogue.names(), ...plan().wanted, ...catalogue.failures().keys()]),
    service: (name) => catalogue.service(name),
    served: (view) => plan().served(view),
    remarks: (name) => plan().remarks(name, catalogue.service(name)),
    sources: () => catalogue.sources(),
    release: (registry) => releaseRegistry(registry, parts),
    rollback: (version) => releases.pin(version),
    unpin: () => releases.unpin(),
    releaseStatus: () => releases.status,
    secrets: () => [...secrets.statuses(), ...listCertificates(documents)],
    routed: (name) => plan().wanted.has(name),
    skippedBy: (name) => skipRules(name, config().discovery),
    heldOf: (name) => catalogue.heldOf(name),
    failures: () => catalogue.failures(),
    routes: () => listRoutes(config(), documents, plan(), catalogue.names()),
    policyDocuments: () => documents.policies(),
    consumerDocuments: () => listConsumers(config(), documents),
    proxies: () => xds.proxies(),
    proxyStatuses: (resources) => xds.proxyStatuses(resources),
    history: () => cache.history(),
    watch: (listener, signal) =>
      cache.watch((group, snapshot, previous) => {
        listener({ group, at: Date.now(), snapshot, previous });
      }, signal),
    latency: () => observation.metrics.recent.observations,
    load: observation.load,
    metrics: observation.metrics,
  };
}

/** Believes a registry's loss. While the snapshot file is served, a registry without an answer is left out. */
function releaseRegistry(registry: string, { catalogue, restored }: ShownParts): number | undefined {
  const released = catalogue.release(registry);
  if (released === undefined || restored() === undefined) return released;
  return released + catalogue.leaveOutUnanswered(registry);
}
