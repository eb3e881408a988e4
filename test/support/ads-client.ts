import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  type ClientOptions,
  credentials,
  Metadata,
  type StatusObject,
} from '@grpc/grpc-js';
import type { DiscoveryRequest } from '../../src/generated/types/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { DiscoveryResponse } from '../../src/generated/types/envoy/service/discovery/v3/DiscoveryResponse.js';
import { decode, encode, type MessageName } from '../../src/protobuf/messages.js';

/**
 * A gRPC client that can be closed, for calls of any method of Envoy's services.
 * @param channel plaintext unless told otherwise
 */
export function connect(
  address: string,
  options: ClientOptions = {},
  channel: ChannelCredentials = credentials.createInsecure(),
): Client {
  return new Client(address, channel, options);
}

/** Serializes a message of Envoy's protos. */
export const serialize =
  (name: MessageName) =>
  (message: object): Buffer =>
    Buffer.from(encode(name, message));

export const deserialize =
  <Name extends MessageName>(name: Name) =>
  (bytes: Buffer) =>
    decode(name, bytes);

/** One SotW stream of a proxy that answers only as it is told. */
export class AdsStream {
  readonly responses: DiscoveryResponse[] = [];
  /** How it ended. */
  ended: StatusObject | undefined;
  readonly #call: ClientDuplexStream<DiscoveryRequest, DiscoveryResponse>;

  constructor(
    client: Client,
    private readonly node: string,
    metadata = new Metadata(),
    received: () => void = () => undefined,
  ) {
    this.#call = client.makeBidiStreamRequest(
      '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources',
      serialize('envoy.service.discovery.v3.DiscoveryRequest'),
      deserialize('envoy.service.discovery.v3.DiscoveryResponse'),
      metadata,
    );
    this.#call.on('data', (response: DiscoveryResponse) => {
      this.responses.push(response);
      received();
    });
    this.#call.on('error', () => undefined);
    this.#call.on('status', (status: StatusObject) => {
      this.ended = status;
    });
  }

  ask(typeUrl: string, ...names: readonly string[]): void {
    this.#call.write({ node: { id: this.node }, type_url: typeUrl, resource_names: [...names] });
  }

  /** Answers the last response of a type, with a refusal where there is a message. */
  answer(typeUrl: string, names: readonly string[], refusal?: string): void {
    const last = this.last(typeUrl);
    this.#call.write({
      type_url: typeUrl,
      resource_names: [...names],
      response_nonce: last?.nonce ?? '',
      version_info: refusal === undefined ? (last?.version_info ?? '') : '',
      ...(refusal !== undefined && { error_detail: { code: 3, message: refusal } }),
    });
  }

  last(typeUrl: string): DiscoveryResponse | undefined {
    return this.responses.findLast((response) => response.type_url === typeUrl);
  }

  cancel(): void {
    this.#call.cancel();
  }
}
