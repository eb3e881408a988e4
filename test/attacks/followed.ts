import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { ConsulCatalog } from '../peers/consul-catalog.js';

/** A resource whose changes a well-behaved proxy waits for. */
export interface Followed {
  readonly typeUrl: string;
  readonly name: string;
  /** Changes it at its origin. `step` differs from the last one; it is between 1 and 100. */
  readonly change: (step: number) => Promise<unknown>;
}

/** A store of keys: etcd's or Consul's. */
export interface KeyStore {
  put(key: string, value: unknown): Promise<unknown>;
}

/** A service whose only instance stands under this key. */
export function followedKey(store: KeyStore, service: string, key: string): Followed {
  return {
    typeUrl: TYPE_URL.endpoints,
    name: service,
    change: async (weight) => await store.put(key, { weight }),
  };
}

/** A service of Consul's catalogue. */
export function followedRegistration(catalog: ConsulCatalog, service: string): Followed {
  return {
    typeUrl: TYPE_URL.endpoints,
    name: service,
    change: async (weight) =>
      await catalog.register({ service, address: '127.0.0.1', port: 8080, weight, check: 'passing' }),
  };
}

/**
 * A service of a services file.
 * @param content the file's text for a weight
 */
export function followedFile(
  path: string,
  service: string,
  content: (weight: number, folder: string) => string,
) {
  return (folder: string): Followed => ({
    typeUrl: TYPE_URL.endpoints,
    name: service,
    change: async (weight) => {
      const fresh = join(folder, `${path}.new`);
      writeFileSync(fresh, content(weight, folder));
      renameSync(fresh, join(folder, path));
    },
  });
}

/** A route document in etcd. */
export function followedRoute(store: KeyStore, name: string, key: string, service: string): Followed {
  return {
    typeUrl: TYPE_URL.route,
    name,
    change: async (seconds) =>
      await store.put(key, {
        match: { prefix: '/followed/' },
        service_name: service,
        timeout: `${seconds}s`,
      }),
  };
}
