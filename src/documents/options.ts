import { z } from 'zod';
import { etcdConnectionOptions, etcdReadOptions } from '../discovery/etcd/options.js';

const etcdStore = (prefix: string) =>
  etcdConnectionOptions.extend({ ...etcdReadOptions, prefix: z.string().default(prefix) });

/** Where routes and policies come from beside the configuration file. */
export const routesFrom = z.strictObject({
  /** Signalbox's own documents. */
  etcd: etcdStore('/signalbox').optional(),
  /** Apache APISIX's. */
  apisix: etcdStore('/apisix').optional(),
});
export type RoutesFrom = z.output<typeof routesFrom>;

/** One store, in the form of a registry's options: it is watched, waited for and shown like one. */
export interface DocumentStoreOptions extends z.output<ReturnType<typeof etcdStore>> {
  readonly type: 'signalbox_documents' | 'apisix_documents';
  readonly service_template: string;
  readonly skip_services: readonly string[];
}

/** The stores by the names under which they are shown; no registry can have such a name. */
export function documentStores(config: RoutesFrom): Readonly<Record<string, DocumentStoreOptions>> {
  const common = { service_template: '{service}', skip_services: [] };
  return {
    ...(config.etcd && { 'routes_from.etcd': { type: 'signalbox_documents', ...common, ...config.etcd } }),
    ...(config.apisix && { 'routes_from.apisix': { type: 'apisix_documents', ...common, ...config.apisix } }),
  };
}
