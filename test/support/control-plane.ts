import pino from 'pino';
import { SnapshotCache } from '../../src/snapshot/cache.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { Snapshot } from '../../src/snapshot/snapshot.js';
import { XdsServer, type XdsServerOptions } from '../../src/xds/server.js';

const GROUP = 'default';

/** An xDS server in this process over a cache that the test fills. */
export class ControlPlane {
  readonly cache = new SnapshotCache();
  readonly server: XdsServer;
  #address = '';

  private constructor(options: Partial<XdsServerOptions>) {
    this.server = new XdsServer(this.cache, {
      identifier: 'test',
      groupOf: () => GROUP,
      logger: pino({ level: 'silent' }),
      ...options,
    });
  }

  static async start(options: Partial<XdsServerOptions> = {}, port = 0): Promise<ControlPlane> {
    const plane = new ControlPlane(options);
    plane.#address = await plane.server.listen(`127.0.0.1:${port}`);
    return plane;
  }

  get address(): string {
    return this.#address;
  }

  get port(): number {
    return Number(this.#address.split(':').at(-1));
  }

  /** Publishes these resources and no others. */
  publish(...resources: readonly Resource[]): void {
    this.cache.setSnapshot(GROUP, Snapshot.of(resources));
  }
}
