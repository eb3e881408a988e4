import { type handleBidiStreamingCall, status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { Admission } from '../access/admission.js';
import { GrpcServer } from '../base/grpc/grpc-server.js';
import { messageOf, type SignalboxError } from '../errors.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import { TYPE_URL } from '../snapshot/type-url.js';
import { type StreamCallbacks, WatchedStream } from './callbacks.js';
import { type ClientStatusAnswer, clientStatusOf } from './csds/answer.js';
import type { ClientStatus } from './csds/asking-call.js';
import { CLIENT_STATUS_SERVICE, clientStatusService } from './csds/service.js';
import { Doubts } from './doubts.js';
import { drain } from './drain.js';
import { FanOut } from './fan-out.js';
import { Accounts } from './guard/account.js';
import { Connections } from './guard/connections.js';
import { Gate } from './guard/gate.js';
import { Refusals } from './guard/refusals.js';
import type { TlsFiles } from './guard/server-certificates.js';
import { Health } from './health.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import type { LoadReporting } from './load-reports/service.js';
import { NameTable } from './name-set.js';
import type { ProxyNode } from './node.js';
import { allOf, type XdsObserver } from './observer.js';
import { proxyStatus } from './proxy-status.js';
import { Reports } from './reports.js';
import { RequestReader } from './request.js';
import { type Message, ResponseFactory } from './response.js';
import { DISCOVERY_SERVICES, type DiscoveryMethod, definition, type ServiceHost } from './services.js';
import { StepMemory } from './step-memory.js';
import { XdsStream } from './stream.js';
import type { StreamCall } from './stream-call.js';
import type { StreamDependencies } from './stream-dependencies.js';
import { WithheldTtls } from './ttl.js';
import { Turns } from './turns.js';

export interface XdsServerOptions {
  /** `control_plane.identifier` of every response. */
  readonly identifier: string;
  /** The group whose snapshot a proxy gets; must be a pure function. */
  readonly groupOf: (node: ProxyNode) => Group;
  readonly logger: Logger;
  /** Over how long a time the streams are sent away at the end, milliseconds; at once by default. */
  readonly drain?: number;
  /** A connection on which nothing comes is asked for a sign of life, and dropped without one; milliseconds. */
  readonly keepalive?: { readonly time: number; readonly timeout: number };
  /** Told of what goes over the streams. */
  readonly observer?: XdsObserver;
  /** What proxies report of their load, where that is wanted. */
  readonly loadReporting?: LoadReporting;
  /** Whether the reflection service describes what is served. */
  readonly reflection?: boolean;
  /** Tells the status of all clients where not all of them are connected here. */
  readonly clientStatus?: ClientStatus;
  /** What clients may take; the defaults without it. */
  readonly limits?: Limits;
  /** Plaintext without it. */
  readonly tls?: TlsFiles | undefined;
  /** Types beside Envoy's of which there may be resources though there are none now. */
  readonly types?: readonly string[];
  /** Who may ask for what; without it everybody for everything. */
  readonly admission?: Admission;
  /**
   * Waits until what the observer was told of returning proxies has had its effect on the cache. Without it, that has
   * happened when the observer returns.
   */
  readonly reportsTaken?: () => Promise<void>;
  /** Called with a node of which more is in doubt than before, see {@link XdsServer.doubts}. */
  readonly doubted?: (node: string) => void;
  /** Told of streams, requests and responses, and asked whether they may be. */
  readonly callbacks?: StreamCallbacks | undefined;
  /** Told of what is wrong with the resources that are served. */
  readonly onError?: (error: SignalboxError) => void;
}

const EVERYBODY = new Admission({ allow: undefined, groups: {} });

const KEEPALIVE = { time: 30_000, timeout: 10_000 };

/**
 * Serves a snapshot cache over ADS and the services of single types, SotW and delta; beside them the health of the
 * server and the status of its clients.
 */
export class XdsServer {
  readonly #server: GrpcServer;
  readonly #streams = new Set<XdsStream>();
  readonly #fanOut: FanOut;
  readonly #life = new AbortController();
  readonly #deps: StreamDependencies;
  readonly #health: Health;
  readonly #gate: Gate;
  readonly #accounts: Accounts;
  readonly #refusals: Refusals;
  #groupOf: XdsServerOptions['groupOf'];
  #admission: Admission;
  readonly #connections: Connections;
  readonly #statusTurns = new Turns();
  #ids = 0;
  #port = 0;

  constructor(
    cache: SnapshotCache,
    private readonly options: XdsServerOptions,
  ) {
    const table = new NameTable();
    const { limits = DEFAULT_LIMITS, admission = EVERYBODY, logger, tls } = options;
    const refusals = new Refusals(logger);
    this.#refusals = refusals;
    this.#groupOf = options.groupOf;
    this.#admission = admission;
    const accounts = new Accounts(limits);
    const types = new Set([...Object.values(TYPE_URL), ...(options.types ?? [])]);
    const observer = allOf(options.observer ?? {});
    this.#accounts = accounts;
    this.#gate = new Gate(limits, admission, refusals, accounts, this.#life.signal);
    this.#deps = {
      cache,
      shared: { table, responses: new ResponseFactory(options.identifier), memory: new StepMemory() },
      doubts: new Doubts(table, undefined, undefined, options.doubted),
      reader: new RequestReader(table, limits.names_per_request),
      turns: new Turns(),
      groupOf: (node) => this.#groupOf(node),
      matchedMetadata: () => this.#admission.matchedMetadata,
      limits,
      serves: (typeUrl, { sets }) => types.has(typeUrl) || sets.has(typeUrl),
      cut: (peer) => this.#connections.cut(peer),
      logger,
      observer,
      reports: new Reports(observer),
      reportsTaken: options.reportsTaken,
      withheldTtls: new WithheldTtls(logger, options.onError),
    };
    const { keepalive = KEEPALIVE } = options;
    this.#server = new GrpcServer({
      calls: limits.streams_per_connection,
      headerBytes: limits.header_bytes,
      messageBytes: limits.message_bytes,
      messageTime: limits.queued_time,
      sessionBytes: limits.held_bytes_per_connection,
      handshakeTime: limits.handshake_timeout,
      idleTime: limits.idle_timeout,
      keepalive,
      refused: (peer, reason) => refusals.add(`refused: ${reason}`, { peer }),
      failed: (error) => logger.error({ err: error }, 'a call has failed'),
    });
    this.addTo(this.#server);
    const clientStatus = clientStatusService(
      options.clientStatus ?? ((request) => this.clientStatus(request)),
      (call, readmit) => this.#gate.open(call, 'client status', readmit),
      { idleTime: limits.idle_timeout, logger },
    );
    this.#server.addService(clientStatus.definition, clientStatus.handlers);
    const { loadReporting } = options;
    if (loadReporting !== undefined)
      this.#server.addService(
        loadReporting.definition,
        loadReporting.handlers((call, readmit) => this.#gate.open(call, 'configuration', readmit), {
          ...this.#deps,
          knows: (group, cluster) =>
            cache.getSnapshot(group)?.set(TYPE_URL.cluster).get(cluster) !== undefined,
        }),
      );
    const names = [...DISCOVERY_SERVICES, CLIENT_STATUS_SERVICE].map(({ name }) => name);
    this.#health = new Health(this.#server, names, (call, readmit) =>
      this.#gate.open(call, 'nothing', readmit),
    );
    this.#health.serving = cache.groups().length > 0;
    this.#connections = new Connections(
      (socket, peer, account) => this.#server.serve(socket, peer, account),
      { limits, tls, logger, refusals, accounts },
      this.#life.signal,
    );
    this.#fanOut = new FanOut(cache);
    cache.watch((group) => {
      this.#health.serving = true;
      this.#fanOut.push([...this.#streams].filter((stream) => stream.group === group));
    }, this.#life.signal);
    cache.reportStatus(() => [...this.#streams].map(proxyStatus), this.#life.signal);
  }

  /** Adds the discovery services to a gRPC server: this one's own, or someone else's. */
  addTo(host: ServiceHost): void {
    for (const service of DISCOVERY_SERVICES) {
      const handlers = service.methods.map((method) => [method.name, this.#handler(method)]);
      host.addService(definition(service), Object.fromEntries(handlers));
    }
  }

  /**
   * Answers an encoded `ClientStatusRequest` about the clients that are connected here.
   * @param mostBytes of the answer
   */
  async clientStatus(request: Uint8Array, mostBytes?: number): Promise<ClientStatusAnswer> {
    const steps = clientStatusOf(request, this.#streams, this.#deps.cache, mostBytes);
    // In turns of its own: the requests of proxies do not wait for it.
    const { result, milliseconds } = await this.#statusTurns.done(steps);
    return { ...result, milliseconds };
  }

  /** The streams that are open now. */
  get streams(): ReadonlySet<XdsStream> {
    return this.#streams;
  }

  /** What is unknown of nodes whose streams were lost. Servers of one cache tell each other. */
  get doubts(): Doubts {
    return this.#deps.doubts;
  }

  /** Bytes that the calls of all clients make this process hold. */
  get heldBytes(): number {
    return this.#accounts.held;
  }

  /** Connections and calls that were refused or ended by a limit or a rule. */
  get refusals(): number {
    return this.#refusals.count;
  }

  /**
   * Listens for proxies.
   * @param address `host:port`; port 0 takes a free one
   * @returns the address with the port that was taken
   * @throws SignalboxError `listen_failed`, `tls_invalid`
   */
  async listen(address: string): Promise<string> {
    if (this.options.reflection === true) {
      // Loaded only when it is wanted: it makes the start slower.
      const { addReflection } = await import('./reflection/service.js');
      const { idle_timeout } = this.#deps.limits;
      addReflection(this.#server, (call, readmit) => this.#gate.open(call, 'nothing', readmit), idle_timeout);
    }
    this.#port = await this.#connections.listen(address);
    return address.replace(/:\d+$/, `:${this.#port}`);
  }

  /** Other rules of who may ask for what, and of who gets which group, from now on; for open streams too. */
  replaceAdmission(admission: Admission, groupOf: XdsServerOptions['groupOf']): void {
    this.#groupOf = groupOf;
    this.#admission = admission;
    this.#gate.replaceAdmission(admission);
  }

  /** Takes no new streams, sends those that are open away one after the other, and closes. */
  async stop(): Promise<void> {
    this.#life.abort();
    this.#connections.close();
    this.#health.serving = false;
    this.options.loadReporting?.close();
    await drain(this.#server, this.#streams, this.options.drain ?? 0, () => this.#connections.cutAll());
  }

  #watch(method: DiscoveryMethod, call: StreamCall, callbacks: StreamCallbacks): WatchedStream {
    const id = this.#ids;
    return new WatchedStream(id, method, call, callbacks, (thrown) =>
      this.#deps.logger.error({ stream: id, err: thrown }, `a callback failed: ${messageOf(thrown)}`),
    );
  }

  #handler(method: DiscoveryMethod): handleBidiStreamingCall<Uint8Array, Message> {
    return (call) => {
      if (this.#life.signal.aborted) {
        // It came while the connection was told to take no more.
        call.emit('error', { code: status.UNAVAILABLE, details: 'the control plane is shutting down' });
        return;
      }
      let stream: XdsStream | undefined;
      const { open, refusal } = this.#gate.open(call, 'configuration', (admitted) =>
        stream?.readmit(admitted),
      );
      if (refusal !== undefined) {
        call.emit('error', refusal);
        return;
      }
      this.#ids += 1;
      const { callbacks } = this.options;
      const watched = callbacks && this.#watch(method, call, callbacks);
      if (watched?.refused === true) {
        open.close();
        return;
      }
      const { variant, typeUrl } = method;
      const started = new XdsStream(this.#ids, variant, typeUrl, watched ?? call, open, this.#deps);
      stream = started;
      this.#streams.add(started);
      started.start(() => {
        open.close();
        watched?.closed();
        this.#streams.delete(started);
        this.#fanOut.forget(started);
        const { id, node, failure } = started;
        const reason = failure === undefined ? {} : { reason: failure };
        this.#deps.logger.info({ node: node.id, stream: id, ...reason }, 'proxy disconnected');
      });
    };
  }
}
