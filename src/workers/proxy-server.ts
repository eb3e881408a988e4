import { Admission, type AdmissionRules } from '../access/admission.js';
import { type ProxyView, proxyView } from '../admin/proxies.js';
import { type ProxyStatus, type PublishedResource, proxyStatuses } from '../admin/proxy-statuses.js';
import { stagedGroup } from '../release/rollout.js';
import type { SnapshotCache } from '../snapshot/cache.js';
import { type ClientStatusAnswer, clientStatusOf } from '../xds/csds/service.js';
import { XdsServer, type XdsServerOptions } from '../xds/server.js';
import type { XdsStream } from '../xds/stream.js';

/** Serves a snapshot cache to proxies, by this process or by several, and tells of those that are connected. */
export interface ProxyServer {
  /**
   * @param address `host:port`; port 0 takes a free one
   * @returns the address with the port that was taken
   * @throws SignalboxError `listen_failed`
   */
  listen(address: string): Promise<string>;
  /** The open streams of this very process: none where others serve. */
  readonly streams: ReadonlySet<XdsStream>;
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
  /** The share of the proxies of each group that get changes first, 0 to 1. */
  readonly first?: number;
}

/** Serves them by this process. */
export class LocalProxyServer implements ProxyServer {
  readonly #server: XdsServer;
  readonly #first: number | undefined;

  constructor(
    private readonly cache: SnapshotCache,
    { admission: rules, first, ...options }: LocalProxyServerOptions,
  ) {
    this.#first = first;
    const admission = new Admission(rules);
    const groupOf = this.#groups(admission);
    this.#server = new XdsServer(cache, { ...options, admission, groupOf });
  }

  async listen(address: string): Promise<string> {
    return await this.#server.listen(address);
  }

  get streams(): ReadonlySet<XdsStream> {
    return this.#server.streams;
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
    this.#server.replaceAdmission(admission, this.#groups(admission));
  }

  /** The group of each proxy; of those that get changes first, the first of that group. */
  #groups(admission: Admission): XdsServerOptions['groupOf'] {
    return (node) => stagedGroup(admission.groupOf(node), node.id, this.#first);
  }

  async stop(): Promise<void> {
    await this.#server.stop();
  }
}
