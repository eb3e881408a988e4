import { type handleBidiStreamingCall, Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { messageOf, SignalboxError } from '../errors.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import { NameTable } from './name-set.js';
import type { ProxyNode } from './node.js';
import { RequestReader } from './request.js';
import { type Message, ResponseFactory } from './response.js';
import { DISCOVERY_SERVICES, type DiscoveryMethod, definition } from './services.js';
import { type StreamDependencies, XdsStream } from './stream.js';

export interface XdsServerOptions {
  /** `control_plane.identifier` of every response. */
  readonly identifier: string;
  /** The group whose snapshot a proxy gets; must be a pure function. */
  readonly groupOf: (node: ProxyNode) => Group;
  readonly logger: Logger;
}

/** Envoy's limit is 4 MiB by default; a large fleet's names and versions need more. Bytes. */
const MOST_REQUEST_BYTES = 64 * 1024 * 1024;

/** Serves a snapshot cache over ADS and the services of single types, SotW and delta. */
export class XdsServer {
  readonly #server: Server;
  readonly #streams = new Set<XdsStream>();
  readonly #life = new AbortController();
  readonly #deps: StreamDependencies;
  #ids = 0;
  #port = 0;

  constructor(cache: SnapshotCache, options: XdsServerOptions) {
    const table = new NameTable();
    this.#deps = {
      cache,
      shared: { table, responses: new ResponseFactory(options.identifier) },
      reader: new RequestReader(table),
      groupOf: options.groupOf,
      logger: options.logger,
    };
    this.#server = new Server({
      'grpc.max_receive_message_length': MOST_REQUEST_BYTES,
      'grpc.max_send_message_length': -1,
      'grpc.keepalive_time_ms': 30_000,
      'grpc.keepalive_timeout_ms': 10_000,
    });
    for (const service of DISCOVERY_SERVICES) {
      const handlers = service.methods.map((method) => [method.name, this.#handler(method)]);
      this.#server.addService(definition(service), Object.fromEntries(handlers));
    }
    cache.watch((group, snapshot) => {
      for (const stream of this.#streams) if (stream.group === group) stream.push(snapshot);
    }, this.#life.signal);
  }

  /** The streams that are open now. */
  get streams(): ReadonlySet<XdsStream> {
    return this.#streams;
  }

  /**
   * Listens for proxies.
   * @param address `host:port`; port 0 takes a free one
   * @returns the address with the port that was taken
   * @throws SignalboxError `listen_failed`
   */
  async listen(address: string): Promise<string> {
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
        if (error === null) resolve(port);
        else
          reject(
            new SignalboxError('listen_failed', `cannot listen on ${address}: ${messageOf(error)}`, {
              cause: error,
            }),
          );
      });
    });
    return address.replace(/:\d+$/, `:${this.#port}`);
  }

  /** Takes no new streams, sends those that are open away, and closes. */
  async stop(): Promise<void> {
    this.#life.abort();
    for (const stream of this.#streams) stream.end('the control plane is shutting down');
    const forced = setTimeout(() => this.#server.forceShutdown(), 1_000);
    await new Promise<void>((resolve) => this.#server.tryShutdown(() => resolve()));
    clearTimeout(forced);
  }

  #handler(method: DiscoveryMethod): handleBidiStreamingCall<Uint8Array, Message> {
    return (call) => {
      this.#ids += 1;
      const stream = new XdsStream(this.#ids, method.variant, method.typeUrl, call, this.#deps);
      this.#streams.add(stream);
      stream.start(() => {
        this.#streams.delete(stream);
        this.#deps.logger.info({ node: stream.node.id, stream: stream.id }, 'proxy disconnected');
      });
    };
  }
}
