import { z } from 'zod';
import { etcdConnectionOptions, etcdReadOptions } from '../discovery/etcd/options.js';
import { maxAnswer } from '../discovery/registry-options.js';
import { DEFAULT_KEYRING } from './apisix/keyring.js';

const etcdStore = (prefix: string) =>
  etcdConnectionOptions.extend({ ...etcdReadOptions, prefix: z.string().default(prefix) });

/** APISIX's `data_encryption.keyring`. */
const keyring = z
  .array(z.string().refine((key) => Buffer.byteLength(key) === 16, 'expected 16 bytes, as AES-128 does'))
  .default([...DEFAULT_KEYRING]);

/** Where routes and policies come from beside the configuration file. */
export const routesFrom = z.strictObject({
  /** Signalbox's own documents. */
  etcd: etcdStore('/signalbox').optional(),
  /** Apache APISIX's. */
  apisix: etcdStore('/apisix').extend({ keyring }).optional(),
  /** An `apisix.yaml` of APISIX's standalone mode. */
  apisix_file: z.strictObject({ path: z.string().min(1), max_answer: maxAnswer, keyring }).optional(),
});
export type RoutesFrom = z.output<typeof routesFrom>;

interface Common {
  readonly service_template: string;
  readonly skip_services: readonly string[];
}

/** One store, in the form of a registry's options: it is watched, waited for and shown like one. */
export interface DocumentStoreOptions extends Common, z.output<ReturnType<typeof etcdStore>> {
  readonly type: 'signalbox_documents' | 'apisix_documents';
  /** Of APISIX's. */
  readonly keyring?: readonly string[];
}

/** A file of documents. */
export interface FileStoreOptions extends Common {
  readonly type: 'apisix_file';
  readonly path: string;
  readonly max_answer: number;
  readonly keyring: readonly string[];
}

/** The stores by the names under which they are shown; no registry can have such a name. */
export function documentStores(
  config: RoutesFrom,
): Readonly<Record<string, DocumentStoreOptions | FileStoreOptions>> {
  const common = { service_template: '{service}', skip_services: [] };
  const { etcd, apisix, apisix_file } = config;
  return {
    ...(etcd && { 'routes_from.etcd': { type: 'signalbox_documents', ...common, ...etcd } }),
    ...(apisix && { 'routes_from.apisix': { type: 'apisix_documents', ...common, ...apisix } }),
    ...(apisix_file && { 'routes_from.apisix_file': { type: 'apisix_file', ...common, ...apisix_file } }),
  };
}
