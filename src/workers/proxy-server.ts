import { Admission, type AdmissionRules } from '../access/admission.js';
import { type ProxyView, proxyView } from '../admin/proxies.js';
import { type ProxyStatus, type PublishedResource, proxyStatuses } from '../admin/proxy-statuses.js';
import type { SnapshotCache } from '../snapshot/cache.js';
import { type ClientStatusAnswer, clientStatusOf } from '../xds/csds/service.js';
import { XdsServer, type XdsServerOptions } from '../xds/server.js';

/** Serves a snapshot cache to proxies, by this process or by several, and tells of those that are connected. */
export interface ProxyServer {
  /**
   * @param address `host:port`; port 0 takes a free one
   * @returns the address with the port that was taken
   * @throws SignalboxError `listen_failed`
   */
  listen(address: string): Promise<string>;
  /** Why proxies cannot be served now; undefined where they can. */
  unready(): string | undefined;
  /** Every open stream. @throws SignalboxError `worker_silent` */
  proxies(): Promise<readonly ProxyView[]>;
  /** For each resource, where the proxies are that ask for it. @throws SignalboxError `worker_silent` */
  proxyStatuses(resources: readonly PublishedResource[]): Promise<readonly (readonly ProxyStatus[])[]>;
  /** Other rules of who gets what from now on; a proxy whose group is another one now is sent away to come back. */
  replaceAdmission(rules: AdmissionRules): void;
  /** Sends the proxies away and closes. */
  stop(): Promise<void>;
}

export interface LocalProxyServerOptions extends Omit<XdsServerOptions, 'groupOf' | 'admission'> {
  readonly admission: AdmissionRules;
}

/** Serves them by this process. */
export class LocalProxyServer implements ProxyServer {
  readonly #server: XdsServer;

  constructor(
    private readonly cache: SnapshotCache,
    { admission: rules, ...options }: LocalProxyServerOptions,
  ) {
    const admission = new Admission(rules);
    this.#server = new XdsServer(cache, {
      ...options,
      admission,
      groupOf: (node) => admission.groupOf(node),
    });
  }

  async listen(address: string): Promise<string> {
    return await this.#server.listen(address);
  }

  unready(): undefined {
    return undefined;
  }

  async proxies(): Promise<readonly ProxyView[]> {
    return [...this.#server.streams].map(proxyView);
  }

  async proxyStatuses(resources: readonly PublishedResource[]): Promise<readonly (readonly ProxyStatus[])[]> {
    const snapshotOf = (group: string) => this.cache.getSnapshot(group);
    return resources.map((resource) => proxyStatuses(resource, this.#server.streams, snapshotOf));
  }

  /** The status of the clients that are connected to this process. */
  clientStatus(request: Uint8Array): ClientStatusAnswer {
    return clientStatusOf(request, this.#server.streams, this.cache);
  }

  replaceAdmission(rules: AdmissionRules): void {
    const admission = new Admission(rules);
    this.#server.replaceAdmission(admission, (node) => admission.groupOf(node));
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
