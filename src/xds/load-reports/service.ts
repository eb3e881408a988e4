import type { MethodDefinition, ServerDuplexStream, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { encode } from '../../protobuf/messages.js';
import { protoDuration } from '../../resources/durations.js';
import type { Open } from '../guard/gate.js';
import { asIs, toBuffer } from '../services.js';
import { Turns } from '../turns.js';
import type { ClusterLoad } from './report.js';
import { ReportingCall, type ReportingDependencies } from './reporting-call.js';

/** What a server knows of the proxies that report. */
export type LoadReportingHost = Pick<
  ReportingDependencies,
  'groupOf' | 'matchedMetadata' | 'limits' | 'knows'
>;

const REQUEST = 'envoy.service.load_stats.v3.LoadStatsRequest';
const RESPONSE = 'envoy.service.load_stats.v3.LoadStatsResponse';

/** The load reporting service (LRS). */
export const LOAD_REPORTING_SERVICE = {
  name: 'envoy.service.load_stats.v3.LoadReportingService',
  request: REQUEST,
  response: RESPONSE,
  methods: [{ name: 'StreamLoadStats', streaming: true }],
} as const;

/** What proxies are asked for. */
export interface LoadReportSettings {
  /** Milliseconds between two reports of a proxy. */
  readonly interval: number;
  /** Whether they tell the instances apart. */
  readonly endpoints: boolean;
}

/**
 * Asks every proxy that opens a stream for the load of all its clusters and hands on what they report.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/service/load_stats/v3/lrs.proto
 */
export class LoadReporting {
  readonly #calls = new Set<ReportingCall>();
  /** Apart from those of discovery: a proxy's requests do not wait for another's reports. */
  readonly #turns = new Turns();
  #reports = 0;
  #leftOut = 0;
  #settings: LoadReportSettings;
  #response: Uint8Array;

  /** @param take called with what each report tells, part by part */
  constructor(
    settings: LoadReportSettings,
    private readonly take: (clusters: readonly ClusterLoad[]) => void,
    private readonly logger: Logger,
  ) {
    this.#settings = settings;
    this.#response = responseOf(settings);
  }

  /** The proxies that report now. */
  get streams(): number {
    return [...this.#calls].filter(({ reports }) => reports).length;
  }

  /** How many reports there have been. */
  get reports(): number {
    return this.#reports;
  }

  /** How often a report told of a cluster that the proxy's group does not have. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Asks for something else from now on, the proxies that report already included. */
  configure(settings: LoadReportSettings): void {
    const before = this.#response;
    this.#settings = settings;
    this.#response = responseOf(settings);
    if (Buffer.compare(before, this.#response) === 0) return;
    for (const call of this.#calls) if (call.reports) call.ask();
  }

  /** Ends every stream; the proxies go elsewhere. */
  close(): void {
    for (const call of this.#calls) call.end('the control plane is shutting down');
  }

  get definition(): Record<string, MethodDefinition<Uint8Array, Uint8Array>> {
    const [{ name }] = LOAD_REPORTING_SERVICE.methods;
    return {
      [name]: {
        path: `/${LOAD_REPORTING_SERVICE.name}/${name}`,
        requestStream: true,
        responseStream: true,
        requestSerialize: toBuffer,
        requestDeserialize: asIs,
        responseSerialize: toBuffer,
        responseDeserialize: asIs,
      },
    };
  }

  /**
   * @param open opens a call of a client, or says why it may not report
   * @param host what the server knows of proxies and their groups
   */
  handlers(open: Open, host: LoadReportingHost): UntypedServiceImplementation {
    const deps: ReportingDependencies = {
      ...host,
      turns: this.#turns,
      logger: this.logger,
      response: () => this.#response,
      interval: () => this.#settings.interval,
      take: this.take,
      read: (leftOut) => {
        this.#reports += 1;
        this.#leftOut += leftOut;
      },
    };
    return {
      StreamLoadStats: (call: ServerDuplexStream<Uint8Array, Uint8Array>) => {
        let reporting: ReportingCall | undefined;
        const opened = open(call, (admitted) => reporting?.readmit(admitted));
        if (opened.refusal !== undefined) {
          call.emit('error', opened.refusal);
          return;
        }
        const started = new ReportingCall(call, opened.open, deps);
        reporting = started;
        this.#calls.add(started);
        started.start(() => this.#calls.delete(started));
      },
    };
  }
}

function responseOf({ interval, endpoints }: LoadReportSettings): Uint8Array {
  return encode(RESPONSE, {
    send_all_clusters: true,
    load_reporting_interval: protoDuration(interval),
    report_endpoint_granularity: endpoints,
  });
}
