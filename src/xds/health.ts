import { type MethodDefinition, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import type { MessageTypes } from '../generated/messages.js';
import type { HealthCheckRequest } from '../generated/types/grpc/health/v1/HealthCheckRequest.js';
import type { HealthCheckResponse } from '../generated/types/grpc/health/v1/HealthCheckResponse.js';
import type { HealthListResponse } from '../generated/types/grpc/health/v1/HealthListResponse.js';
import { decode, encode } from '../protobuf/messages.js';
import type { Call, Open } from './guard/gate.js';
import type { ServiceHost } from './services.js';
import type { StreamError } from './stream-call.js';

/**
 * The gRPC health service: https://github.com/grpc/grpc/blob/master/doc/health-checking.md. By the descriptor that is
 * there already; the package `grpc-health-check` reads its own `.proto` at every start.
 */
export const HEALTH_SERVICE = {
  name: 'grpc.health.v1.Health',
  methods: {
    Check: {
      request: 'grpc.health.v1.HealthCheckRequest',
      response: 'grpc.health.v1.HealthCheckResponse',
      streaming: false,
    },
    Watch: {
      request: 'grpc.health.v1.HealthCheckRequest',
      response: 'grpc.health.v1.HealthCheckResponse',
      streaming: true,
    },
    List: {
      request: 'grpc.health.v1.HealthListRequest',
      response: 'grpc.health.v1.HealthListResponse',
      streaming: false,
    },
  },
} as const;

/** Bytes of a request, which has the name of a service. */
const MOST_BYTES = 4_096;

interface Watcher extends Call {
  readonly request: HealthCheckRequest;
  write(response: HealthCheckResponse): unknown;
  emit(event: 'error', error: Pick<StreamError, 'code' | 'details'>): unknown;
  on(event: 'cancelled' | 'error', listener: () => void): unknown;
}

/** Serving from the first snapshot on, and not any more while the server drains. */
export class Health {
  /** The empty name stands for the server as a whole. */
  readonly #names: ReadonlySet<string>;
  readonly #watchers = new Set<Watcher>();
  #serving = false;

  /**
   * @param services the full names of those that are served
   * @param open counts a watch, which lasts. It is silent by its nature: that its client is there is seen by keepalive
   */
  constructor(
    server: ServiceHost,
    services: readonly string[],
    private readonly open: Open,
  ) {
    this.#names = new Set(['', ...services]);
    const { Check, Watch, List } = HEALTH_SERVICE.methods;
    server.addService(
      {
        Check: definition('Check', Check),
        Watch: definition('Watch', Watch),
        List: definition('List', List),
      },
      {
        Check: (
          { request: { service = '' } }: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
          done: sendUnaryData<HealthCheckResponse>,
        ) => {
          if (this.#names.has(service)) done(null, this.#told());
          else done({ code: status.NOT_FOUND, details: 'this service is not served here' });
        },
        Watch: (call: Watcher) => this.#watch(call),
        List: (_call: unknown, done: sendUnaryData<HealthListResponse>) =>
          done(null, { statuses: Object.fromEntries([...this.#names].map((name) => [name, this.#told()])) }),
      },
    );
  }

  set serving(serving: boolean) {
    if (serving === this.#serving) return;
    this.#serving = serving;
    for (const call of this.#watchers) call.write(this.#told());
  }

  /** A service that is not served may come to be, so that its watch stays open: it never does here. */
  #watch(call: Watcher): void {
    const { open, refusal } = this.open(call, () => undefined);
    if (refusal !== undefined) {
      call.emit('error', refusal);
      return;
    }
    const close = () => {
      this.#watchers.delete(call);
      open.close();
    };
    call.on('cancelled', close);
    call.on('error', close);
    if (!this.#names.has(call.request.service ?? '')) {
      call.write({ status: 'SERVICE_UNKNOWN' });
      return;
    }
    this.#watchers.add(call);
    call.write(this.#told());
  }

  #told(): HealthCheckResponse {
    return { status: this.#serving ? 'SERVING' : 'NOT_SERVING' };
  }
}

function definition<Request extends keyof MessageTypes, Response extends keyof MessageTypes>(
  name: string,
  {
    request,
    response,
    streaming,
  }: { readonly request: Request; readonly response: Response; readonly streaming: boolean },
): MethodDefinition<MessageTypes[Request], MessageTypes[Response]> {
  return {
    path: `/${HEALTH_SERVICE.name}/${name}`,
    requestStream: false,
    responseStream: streaming,
    requestSerialize: (message) => Buffer.from(encode(request, message)),
    requestDeserialize: (bytes) => {
      if (bytes.length > MOST_BYTES) throw new Error('too large');
      return decode(request, bytes);
    },
    responseSerialize: (message) => Buffer.from(encode(response, message)),
    responseDeserialize: (bytes) => decode(response, bytes),
  };
}
