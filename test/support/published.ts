import { existsSync, readFileSync } from 'node:fs';
import pino from 'pino';
import { derivedServices } from '../../src/app/derived-services.js';
import { Catalogue } from '../../src/catalogue/catalogue.js';
import type { Config } from '../../src/config/schema.js';
import { readFileInstance } from '../../src/discovery/file/file-instance.js';
import type { ServiceState } from '../../src/discovery/source.js';
import { NO_DOCUMENTS } from '../../src/documents/documents.js';
import { DEFAULT_GROUP } from '../../src/groups/default-group.js';
import type { FilteredInstance, Instance } from '../../src/model/instance.js';
import { Plan } from '../../src/publish/plan.js';
import { Publisher } from '../../src/publish/publisher.js';
import { toGroup } from '../../src/publish/target.js';
import { authoritySecret, certificateSecret } from '../../src/resources/listener/secret.js';
import { secretsOf } from '../../src/resources/listener/tls.js';
import { SnapshotCache } from '../../src/snapshot/cache.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { ScriptedSource } from './scripted-source.js';

/** By service name, as in a services file. */
export type FileServices = Readonly<Record<string, readonly unknown[]>>;

/**
 * What the product publishes for a configuration and the services that its first registry knows, in the order of
 * types and names.
 */
export function publishedResources(config: Config, services: FileServices): readonly Resource[] {
  const logger = pino({ level: 'silent' });
  const catalogue = new Catalogue({ logger });
  catalogue.setDerived(derivedServices(config, NO_DOCUMENTS));
  const cache = new SnapshotCache();
  const life = new AbortController();
  const plan = new Plan(config, NO_DOCUMENTS, secretsFor(config));
  const publisher = new Publisher(
    catalogue,
    plan,
    toGroup(cache, DEFAULT_GROUP),
    { delay: 0, maxDelay: 0, logger },
    life.signal,
  );
  const source = new ScriptedSource(Object.keys(config.discovery)[0] ?? 'file');
  const rules = { serviceTemplate: '{service}', skipped: () => false };
  const sink = catalogue.setSources([{ source, rules }]).get(source);
  for (const [service, items] of Object.entries(services)) sink?.set({ service }, stateOf(items));
  sink?.synced();
  publisher.publishAll();
  life.abort();
  const snapshot = cache.getSnapshot(DEFAULT_GROUP);
  return Object.values(TYPE_URL).flatMap((type) =>
    [...(snapshot?.set(type).values() ?? [])].sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
}

/** What stands in the resources in the place of a file that is not there. */
export function contentOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : `(what is in ${path})`;
}

function secretsFor({ listeners }: Config): ReadonlyMap<string, Resource> {
  return new Map(
    listeners
      .flatMap(secretsOf)
      .map((files) => [
        files.name,
        'ca' in files
          ? authoritySecret(files.name, contentOf(files.ca))
          : certificateSecret(files.name, contentOf(files.cert), contentOf(files.key)),
      ]),
  );
}

function stateOf(items: readonly unknown[]): ServiceState {
  const instances: Instance[] = [];
  const filtered: FilteredInstance[] = [];
  for (const item of items) {
    const read = readFileInstance(item, 1);
    if (read.instance === undefined) filtered.push(read.filtered);
    else instances.push(read.instance);
  }
  return { instances, filtered };
}
