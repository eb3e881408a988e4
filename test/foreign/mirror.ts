import {
  type CacheServer,
  createServer,
  resourceFromBytes,
  Snapshot,
  SnapshotCache,
  TYPE_URL,
} from '../../src/index.js';
import { XdsClient } from '../../src/testing/index.js';

/** Each snapshot of the suite changes all resources of these types. */
const CHANGING = [
  TYPE_URL.cluster,
  TYPE_URL.endpoints,
  TYPE_URL.route,
  TYPE_URL.scopedRoute,
  TYPE_URL.listener,
];
const TYPES = [
  ...CHANGING,
  TYPE_URL.virtualHost,
  TYPE_URL.secret,
  TYPE_URL.runtime,
  TYPE_URL.extensionConfig,
];
/** Milliseconds: longer than a run lasts. */
const FOREVER = 3_600_000;

/**
 * A server of our library that serves what go-control-plane's server has: the integration test sets its snapshots there,
 * and its Envoy connects to ours.
 */
export class Mirror {
  readonly #cache = new SnapshotCache();
  readonly #server: CacheServer = createServer({ cache: this.#cache, group: ({ id }) => id });
  #client: XdsClient | undefined;
  #following: Promise<void> | undefined;

  async listen(): Promise<string> {
    return await this.#server.listen('127.0.0.1:0');
  }

  /** Takes over what the server at `address` has for a node, from now on. */
  follow(address: string, node: string): void {
    const client = new XdsClient(address, { variant: 'delta', node });
    for (const type of TYPES) client.subscribe(type);
    this.#client = client;
    this.#following = this.#takeOver(client, node);
  }

  async stop(): Promise<void> {
    this.#client?.close();
    await this.#following;
    await this.#server.stop();
  }

  async #takeOver(client: XdsClient, node: string): Promise<void> {
    const versions = new Map<string, string>();
    let seen = 0;
    for (;;) {
      await client.until(() => client.responses.length > seen || client.ended !== undefined, FOREVER);
      if (client.ended !== undefined) return;
      for (const { typeUrl, version } of client.responses.slice(seen)) versions.set(typeUrl, version);
      seen = client.responses.length;
      const settled = new Set(CHANGING.map((type) => versions.get(type)));
      if (settled.size === 1 && !settled.has(undefined)) this.#publish(client, node);
    }
  }

  #publish(client: XdsClient, node: string): void {
    const resources = TYPES.flatMap((type) =>
      [...client.resources(type).values()].map(({ name, body = new Uint8Array() }) =>
        resourceFromBytes(type, name, body),
      ),
    );
    this.#cache.setSnapshot(node, Snapshot.of(resources));
  }
}
