import {
  type MethodDefinition,
  type ServerDuplexStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { messageOf } from '../../errors.js';
import { encode } from '../../protobuf/messages.js';
import { protoDuration } from '../../resources/durations.js';
import type { Open } from '../guard/gate.js';
import { type ProxyNode, UNKNOWN_NODE } from '../node.js';
import { type ClusterLoad, readLoadReport, readReportingNode } from './report.js';

const REQUEST = 'envoy.service.load_stats.v3.LoadStatsRequest';
const RESPONSE = 'envoy.service.load_stats.v3.LoadStatsResponse';

/** The load reporting service (LRS). */
export const LOAD_REPORTING_SERVICE = {
  name: 'envoy.service.load_stats.v3.LoadReportingService',
  request: REQUEST,
  response: RESPONSE,
  methods: [{ name: 'StreamLoadStats', streaming: true }],
} as const;

/** A report names each cluster, and each instance with traffic: this is room for 100,000 of both. Bytes. */
const MOST_BYTES = 16 * 1024 * 1024;

/** What proxies are asked for. */
export interface LoadReportSettings {
  /** Milliseconds between two reports of a proxy. */
  readonly interval: number;
  /** Whether they tell the instances apart. */
  readonly endpoints: boolean;
}

type Call = ServerDuplexStream<Uint8Array, Uint8Array>;

/**
 * Asks every proxy that opens a stream for the load of all its clusters and hands on what they report.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/service/load_stats/v3/lrs.proto
 */
export class LoadReporting {
  readonly #calls = new Set<Call>();
  #reports = 0;
  #response: Uint8Array;

  /** @param take called with what each report tells */
  constructor(
    settings: LoadReportSettings,
    private readonly take: (clusters: readonly ClusterLoad[]) => void,
    private readonly logger: Logger,
  ) {
    this.#response = responseOf(settings);
  }

  /** The proxies that report now. */
  get streams(): number {
    return this.#calls.size;
  }

  /** How many reports there have been. */
  get reports(): number {
    return this.#reports;
  }

  /** Asks for something else from now on, the proxies that report already included. */
  configure(settings: LoadReportSettings): void {
    const before = this.#response;
    this.#response = responseOf(settings);
    if (Buffer.compare(before, this.#response) === 0) return;
    for (const call of this.#calls) call.write(this.#response);
  }

  /** Ends every stream; the proxies go elsewhere. */
  close(): void {
    for (const call of this.#calls) fail(call, status.UNAVAILABLE, 'the control plane is shutting down');
  }

  get definition(): Record<string, MethodDefinition<Uint8Array, Uint8Array>> {
    const [{ name }] = LOAD_REPORTING_SERVICE.methods;
    return {
      [name]: {
        path: `/${LOAD_REPORTING_SERVICE.name}/${name}`,
        requestStream: true,
        responseStream: true,
        requestSerialize: asBuffer,
        requestDeserialize: (bytes) => bytes,
        responseSerialize: asBuffer,
        responseDeserialize: (bytes) => bytes,
      },
    };
  }

  /** @param open opens a call of a client, or says why it may not report */
  handlers(open: Open): UntypedServiceImplementation {
    return { StreamLoadStats: (call: Call) => this.#serve(call, open) };
  }

  #serve(call: Call, open: Open): void {
    let node: ProxyNode | undefined;
    const opened = open(call, (admitted) => {
      if (admitted.refusal !== undefined) {
        fail(call, admitted.refusal.code, admitted.refusal.details);
        return;
      }
      permission = admitted.permission;
      const denied = node && permission.refusal(node);
      if (denied !== undefined) fail(call, status.PERMISSION_DENIED, denied);
    });
    if (opened.refusal !== undefined) {
      fail(call, opened.refusal.code, opened.refusal.details);
      return;
    }
    let { permission } = opened.open;
    const forget = () => {
      this.#calls.delete(call);
      opened.open.close();
    };
    call.on('data', (bytes: Uint8Array) => {
      // What was under way when the stream was ended.
      if (node !== undefined && !this.#calls.has(call)) return;
      try {
        if (bytes.length > MOST_BYTES) {
          fail(call, status.RESOURCE_EXHAUSTED, `a report of more than ${MOST_BYTES} bytes`);
          return;
        }
        if (node === undefined) {
          const reporting = readReportingNode(bytes) ?? UNKNOWN_NODE;
          const denied = permission.refusal(reporting);
          if (denied !== undefined) {
            fail(call, status.PERMISSION_DENIED, denied);
            return;
          }
          node = reporting;
          this.#calls.add(call);
          this.logger.debug({ node: node.id }, 'proxy reports its load');
          call.write(this.#response);
          return;
        }
        this.#reports += 1;
        this.take(readLoadReport(bytes));
      } catch (thrown) {
        this.logger.warn({ node: node?.id, reason: messageOf(thrown) }, 'a load report cannot be read');
        fail(call, status.INVALID_ARGUMENT, messageOf(thrown));
      }
    });
    call.on('end', () => {
      call.end();
      forget();
    });
    call.on('error', forget);
    call.on('cancelled', forget);
  }
}

function fail(call: Call, code: status, details: string): void {
  call.emit('error', { code, details, message: details, name: 'Error' });
}

function responseOf({ interval, endpoints }: LoadReportSettings): Uint8Array {
  return encode(RESPONSE, {
    send_all_clusters: true,
    load_reporting_interval: protoDuration(interval),
    report_endpoint_granularity: endpoints,
  });
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
