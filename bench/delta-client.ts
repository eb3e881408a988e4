import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { decode } from '../src/protobuf/messages.js';
import { text } from '../src/protobuf/wire.js';
import { TYPE_URL } from '../src/snapshot/type-url.js';
import { eventually } from '../test/peers/eventually.js';
import { serviceName } from './fixture.js';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** A proxy on a delta stream that can stop to read. It knows the highest weight in each load assignment. */
export class DeltaClient {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Buffer, Buffer>;
  readonly #weights = new Map<string, number>();
  #responses = 0;

  private constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
    });
    const asIs = (bytes: Buffer) => bytes;
    this.#call = this.#client.makeBidiStreamRequest(METHOD, asIs, asIs);
    this.#call.on('data', (bytes: Buffer) => this.#take(bytes));
    // Ended by `close`, or seen by whoever waits for a state in vain.
    this.#call.on('error', () => undefined);
  }

  /** Connects and waits until it has the load assignments of all services. */
  static async connect(address: string, services: number): Promise<DeltaClient> {
    const client = new DeltaClient(address);
    const names = Array.from({ length: services }, (_, service) => text(3, serviceName(service)));
    client.#call.write(Buffer.concat([text(2, TYPE_URL.cluster)]));
    client.#call.write(Buffer.concat([text(2, TYPE_URL.endpoints), ...names]));
    await eventually(() => {
      if (client.#weights.size < services) throw new Error(`${client.#weights.size} load assignments`);
    });
    return client;
  }

  /** How many responses it has read. */
  get responses(): number {
    return this.#responses;
  }

  weightOf(service: string): number | undefined {
    return this.#weights.get(service);
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }

  #take(bytes: Buffer): void {
    this.#responses += 1;
    const response = decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes);
    const { type_url = '', nonce = '', resources = [] } = response;
    if (type_url === TYPE_URL.endpoints) {
      for (const { name = '', resource } of resources) {
        if (resource && 'value' in resource) this.#weights.set(name, weightIn(Buffer.from(resource.value)));
      }
    }
    this.#call.write(Buffer.concat([text(2, type_url), text(6, nonce)]));
  }
}

function weightIn(assignment: Uint8Array): number {
  const { endpoints = [] } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', assignment);
  const weights = (endpoints ?? []).flatMap(({ lb_endpoints }) =>
    (lb_endpoints ?? []).map(({ load_balancing_weight }) => load_balancing_weight?.value ?? 0),
  );
  return Math.max(...weights);
}
