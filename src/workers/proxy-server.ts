import { Admission, type AdmissionRules } from '../access/admission.js';
import { type ProxyView, proxyView } from '../admin/proxies.js';
import { type ProxyStatus, type PublishedResource, proxyStatuses } from '../admin/proxy-statuses.js';
import { stagedGroup } from '../release/rollout.js';
import type { SnapshotCache } from '../snapshot/cache.js';
import { subscriptionStatuses } from '../telemetry/metrics/subscription-statuses.js';
import { XdsCounts } from '../telemetry/metrics/xds-counts.js';
import type { XdsTotals } from '../telemetry/metrics/xds-totals.js';
import type { ClientStatusAnswer } from '../xds/csds/answer.js';
import type { Doubts } from '../xds/doubts.js';
import type { LoadReportSettings } from '../xds/load-reports/service.js';
import { allOf } from '../xds/observer.js';
import { XdsServer, type XdsServerOptions } from '../xds/server.js';
import type { XdsStream } from '../xds/stream.js';
import { Acknowledgements } from './acknowledgements.js';

/** Serves a snapshot cache to proxies, by this process or by several, and tells of those that are connected. */
export interface ProxyServer {
  /**
   * @param address `host:port`; port 0 takes a free one
   * @returns the address with the port that was taken
   * @throws SignalboxError `listen_failed`
   */
  listen(address: string): Promise<string>;
  /** The ids of the processes that serve now. */
  readonly processes: readonly number[];
  /**
   * All of a publication is in the cache: each process tells when its proxies have acknowledged it.
   * @param publication a number that grows
   */
  published(publication: number): void;
  /** Why proxies cannot be served now; undefined where they can. */
  unready(): string | undefined;
  /** Every open stream. @throws SignalboxError `worker_silent` */
  proxies(): Promise<readonly ProxyView[]>;
  /** For each resource, where the proxies are that ask for it. @throws SignalboxError `worker_silent` */
  proxyStatuses(resources: readonly PublishedResource[]): Promise<readonly (readonly ProxyStatus[])[]>;
  /** What has gone over the streams of all processes that serve proxies. */
  totals(): Promise<XdsTotals>;
  /** Asks the proxies for something else from now on. */
  configureLoadReports(settings: LoadReportSettings): void;
  /** Other rules of who gets what from now on; a proxy whose group is another one now is sent away to come back. */
  replaceAdmission(rules: AdmissionRules): void;
  /** Sends the proxies away and closes. */
  stop(): Promise<void>;
}

export interface LocalProxyServerOptions extends Omit<XdsServerOptions, 'groupOf' | 'admission'> {
  readonly admission: AdmissionRules;
  /** The share of the proxies of each group that get changes first, 0 to 1. */
  readonly first?: number;
  /** Told when all proxies have acknowledged a publication; `sent`: whether any had to be sent something for it. */
  readonly reached?: (publication: number, sent: boolean) => void;
}

/** Serves them by this process. */
export class LocalProxyServer implements ProxyServer {
  readonly #server: XdsServer;
  readonly #counts = new XdsCounts();
  readonly #first: number | undefined;
  readonly #acknowledgements: Acknowledgements<XdsStream> | undefined;
  readonly #life = new AbortController();

  constructor(
    private readonly cache: SnapshotCache,
    private readonly options: LocalProxyServerOptions,
  ) {
    const { admission: rules, first, reached, ...others } = options;
    this.#first = first;
    const admission = new Admission(rules);
    const groupOf = this.#groups(admission);
    const observer = allOf(this.#counts, options.observer ?? {});
    this.#acknowledgements = reached && this.#newAcknowledgements(reached);
    // Before the server, which sends it.
    cache.watch(() => this.#acknowledgements?.changed(), this.#life.signal);
    this.#server = new XdsServer(cache, { ...others, admission, groupOf, observer });
  }

  async listen(address: string): Promise<string> {
    return await this.#server.listen(address);
  }

  get processes(): readonly number[] {
    return [process.pid];
  }

  published(publication: number): void {
    this.#acknowledgements?.published(publication);
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
  async clientStatus(request: Uint8Array, mostBytes: number): Promise<ClientStatusAnswer> {
    return await this.#server.clientStatus(request, mostBytes);
  }

  async totals(): Promise<XdsTotals> {
    const streams = [...this.#server.streams];
    const sotw = streams.filter(({ variant }) => variant === 'sotw').length;
    const { loadReporting } = this.options;
    return {
      streams: { sotw, delta: streams.length - sotw },
      statuses: subscriptionStatuses(streams),
      types: this.#counts.rows(),
      loadStreams: loadReporting?.streams ?? 0,
      loadReports: loadReporting?.reports ?? 0,
      loadClustersIgnored: loadReporting?.leftOut ?? 0,
      // Those of this process are counted where it is started.
      rejections: 0,
      heldBytes: this.#server.heldBytes,
      refusals: this.#server.refusals,
      workers: [],
    };
  }

  /** What is unknown of nodes whose streams were lost. */
  get doubts(): Doubts {
    return this.#server.doubts;
  }

  configureLoadReports(settings: LoadReportSettings): void {
    this.options.loadReporting?.configure(settings);
  }

  replaceAdmission(rules: AdmissionRules): void {
    const admission = new Admission(rules);
    this.#server.replaceAdmission(admission, this.#groups(admission));
  }

  #newAcknowledgements(reached: Required<LocalProxyServerOptions>['reached']): Acknowledgements<XdsStream> {
    return new Acknowledgements({
      streams: () => this.#server.streams,
      snapshotOf: ({ group }) => (group === undefined ? undefined : this.cache.getSnapshot(group)),
      reached,
      now: () => performance.now(),
      later: (run, milliseconds) => setTimeout(run, milliseconds).unref(),
    });
  }

  /** The group of each proxy; of those that get changes first, the first of that group. */
  #groups(admission: Admission): XdsServerOptions['groupOf'] {
    return (node) => stagedGroup(admission.groupOf(node), node.id, this.#first);
  }

  async stop(): Promise<void> {
    this.#life.abort();
    await this.#server.stop();
  }
}
