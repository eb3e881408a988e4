import type { Logger } from 'pino';
import { askOutside, tellOutside, warnOf } from '../base/outside-code.js';
import { messageOf, SignalboxError } from '../errors.js';
import type { Group, SnapshotCache } from '../snapshot/cache.js';
import { LINEAR_GROUP, LinearCache } from '../snapshot/linear-cache.js';
import { guardedLogger } from '../telemetry/guarded-logger.js';
import type { StreamCallbacks } from './callbacks.js';
import type { ProxyNode } from './node.js';
import { XdsServer } from './server.js';
import type { ServiceHost } from './services.js';

/** The group of every proxy where no function says otherwise. */
export const DEFAULT_GROUP: Group = 'default';

/** What {@link createServer} takes. */
export interface CreateServerOptions {
  /** What is served. */
  readonly cache: SnapshotCache | LinearCache;
  /**
   * The group whose snapshot a proxy gets, by who it says it is. Must be a pure function: it is called once a stream.
   * Without it every proxy is of {@link DEFAULT_GROUP}. Has no meaning for a LinearCache. Where it throws, or returns no
   * string, the stream ends with INTERNAL, which is logged.
   */
  readonly group?: (node: ProxyNode) => Group;
  /** `control_plane.identifier` of every response; `signalbox` without it. */
  readonly identifier?: string;
  /**
   * A gRPC server of one's own, such as grpc-js's `Server`, to which the discovery services are added. It is yours to
   * bind, with the credentials that you want, and to shut down.
   */
  readonly server?: ServiceHost;
  /** Told of streams, requests and responses, with a veto. What is not given costs nothing. */
  readonly callbacks?: StreamCallbacks;
  /** Nothing is logged without it. */
  readonly logger?: Logger;
  /**
   * Told of what is wrong with the resources of the cache, each once: `ttl_not_sent` for a TTL that cannot be sent to a
   * client. Without it and without a logger, Node.js prints them as warnings. What it throws is printed too.
   */
  readonly onError?: (error: SignalboxError) => void;
  /** Over how long a time {@link CacheServer.stop} sends the streams away, milliseconds; at once without it. */
  readonly drain?: number;
  /** A connection on which nothing comes for `time` is asked for a sign of life, and dropped after `timeout`; milliseconds. */
  readonly keepalive?: { readonly time: number; readonly timeout: number };
}

/** Serves a cache to proxies. */
export interface CacheServer {
  /**
   * Listens, without TLS: for TLS give a server of your own.
   * @param address `host:port`; port 0 takes a free one
   * @returns the address with the port that was taken
   * @throws SignalboxError `listen_failed`, also where the services were added to a server of your own
   */
  listen(address: string): Promise<string>;
  /** Ends the streams, which their proxies open anew elsewhere, and closes what it listens on. */
  stop(): Promise<void>;
}

/**
 * Serves a cache over ADS and the services of single types (CDS, EDS, LDS, RDS, SDS, RTDS), state of the world and delta:
 * by a gRPC server of its own once it is told to listen, with health and client status (CSDS) beside, or by yours.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
 */
export function createServer(options: CreateServerOptions): CacheServer {
  const { cache, group = () => DEFAULT_GROUP, identifier = 'signalbox', server, drain, keepalive } = options;
  const { onError = options.logger === undefined ? warnOf : () => undefined } = options;
  const linear = cache instanceof LinearCache;
  const logger = guardedLogger(options.logger);
  const xds = new XdsServer(linear ? cache.snapshots : cache, {
    identifier,
    types: linear ? [cache.typeUrl] : [],
    groupOf: linear ? () => LINEAR_GROUP : (node) => groupOf(node, group),
    logger,
    callbacks: options.callbacks,
    onError: (error) => tellOutside(() => onError(error), warnOf),
    ...(drain !== undefined && { drain }),
    ...(keepalive !== undefined && { keepalive }),
  });
  if (server === undefined) {
    return { listen: async (address) => await xds.listen(address), stop: async () => await xds.stop() };
  }
  xds.addTo(server);
  return {
    listen: async () => {
      throw new SignalboxError(
        'listen_failed',
        'the services are on a gRPC server of your own: bind that one',
      );
    },
    stop: async () => {
      for (const stream of xds.streams) stream.end('the control plane is shutting down');
      await xds.stop();
    },
  };
}

function groupOf(node: ProxyNode, group: (node: ProxyNode) => Group): Group {
  const answer = askOutside(
    () => group(node),
    (thrown): Group => {
      throw new SignalboxError('internal', `the function "group" failed: ${messageOf(thrown)}`, {
        cause: thrown,
      });
    },
  );
  if (typeof answer === 'string') return answer;
  throw new SignalboxError('internal', 'the function "group" has to return a string');
}
