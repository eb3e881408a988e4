import { Client, type ClientDuplexStream, credentials, type StatusObject } from '@grpc/grpc-js';
import { askOutside } from '../base/outside-code.js';
import { messageOf, SignalboxError } from '../errors.js';
import type { DeltaDiscoveryRequest } from '../generated/types/envoy/service/discovery/v3/DeltaDiscoveryRequest.js';
import type { DeltaDiscoveryResponse } from '../generated/types/envoy/service/discovery/v3/DeltaDiscoveryResponse.js';
import type { DiscoveryRequest } from '../generated/types/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { DiscoveryResponse } from '../generated/types/envoy/service/discovery/v3/DiscoveryResponse.js';
import { decode, encode } from '../protobuf/messages.js';
import { structOf } from '../protobuf/struct.js';
import { isFullState } from '../xds/response.js';
import { isNamedOnly } from '../xds/type-state.js';
import { type ReceivedResource, readDelta, readSotw } from './received.js';

/** Who a test's client says it is, and how it speaks. */
export interface XdsClientOptions {
  /** The protocol variant: state of the world, or delta, the default. */
  readonly variant?: 'sotw' | 'delta';
  /** The node's `id`, `test` without it. */
  readonly node?: string;
  /** The node's `cluster`. */
  readonly cluster?: string;
  /** The node's metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /**
   * Looks at each response before it is acknowledged: the text it returns is the reason for which it is rejected. Where it
   * throws, the response is rejected too, and {@link XdsClient.until} rejects with what it threw.
   */
  readonly judge?: (response: XdsResponse) => string | undefined;
}

/** A response that a client got. */
export interface XdsResponse {
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  /** What it carries, new or changed or repeated. */
  readonly resources: readonly ReceivedResource[];
  /** Delta: the names that are gone. */
  readonly removed: readonly string[];
}

interface TypeView {
  wildcard: boolean;
  readonly names: Set<string>;
  readonly resources: Map<string, ReceivedResource>;
  version: string;
  nonce: string;
}

type Request = DiscoveryRequest & DeltaDiscoveryRequest;

/**
 * A proxy for tests, over one aggregated stream: it subscribes, keeps what it is sent, and acknowledges or rejects each
 * response at once.
 * https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
 */
export class XdsClient {
  /** Every response, oldest first. */
  readonly responses: XdsResponse[] = [];
  readonly #client: Client;
  readonly #call: ClientDuplexStream<Request, Uint8Array>;
  readonly #types = new Map<string, TypeView>();
  readonly #waiting = new Set<() => void>();
  readonly #delta: boolean;
  /** What `judge` threw and nobody was told yet. */
  readonly #defects: unknown[] = [];
  #ended: StatusObject | undefined;
  #introduced = false;

  /**
   * Opens the stream.
   * @param address `host:port` of the control plane, without TLS
   */
  constructor(
    address: string,
    private readonly options: XdsClientOptions = {},
  ) {
    this.#delta = options.variant !== 'sotw';
    this.#client = new Client(address, credentials.createInsecure());
    const [method, prefix] = this.#delta
      ? (['DeltaAggregatedResources', 'Delta'] as const)
      : (['StreamAggregatedResources', ''] as const);
    this.#call = this.#client.makeBidiStreamRequest(
      `/envoy.service.discovery.v3.AggregatedDiscoveryService/${method}`,
      (request: Request) =>
        Buffer.from(encode(`envoy.service.discovery.v3.${prefix}DiscoveryRequest`, request)),
      (bytes: Buffer): Uint8Array => bytes,
    );
    this.#call.on('data', (bytes: Uint8Array) => this.#receive(bytes));
    this.#call.on('error', () => undefined);
    this.#call.on('status', (status: StatusObject) => {
      this.#ended = status;
      this.#wake();
    });
  }

  /** The gRPC status with which the stream has ended; undefined while it is open. */
  get ended(): { readonly code: number; readonly details: string } | undefined {
    return this.#ended;
  }

  /**
   * Asks for resources of a type, beside those asked for before.
   * @param names none for all of them (`*`)
   */
  subscribe(typeUrl: string, ...names: readonly string[]): void {
    const type = this.#type(typeUrl);
    const wanted = names.length === 0 ? ['*'] : names;
    for (const name of wanted) {
      if (name === '*') type.wildcard = true;
      else type.names.add(name);
    }
    if (this.#delta) this.#send({ type_url: typeUrl, resource_names_subscribe: [...wanted] });
    else this.#send({ ...this.#sotwRequest(typeUrl, type), version_info: type.version });
  }

  /**
   * Asks for resources no more, and forgets them.
   * @param names none for what `*` stands for
   */
  unsubscribe(typeUrl: string, ...names: readonly string[]): void {
    const type = this.#type(typeUrl);
    const dropped = names.length === 0 ? ['*'] : names;
    for (const name of dropped) {
      if (name === '*') type.wildcard = false;
      else type.names.delete(name);
    }
    for (const name of type.resources.keys())
      if (!type.wildcard && !type.names.has(name)) type.resources.delete(name);
    if (this.#delta) this.#send({ type_url: typeUrl, resource_names_unsubscribe: [...dropped] });
    else this.#send({ ...this.#sotwRequest(typeUrl, type), version_info: type.version });
  }

  /** What it has of a type now, by name: all that it was sent and did not reject. */
  resources(typeUrl: string): ReadonlyMap<string, ReceivedResource> {
    return this.#type(typeUrl).resources;
  }

  /** The names of what it has of a type, sorted. */
  names(typeUrl: string): readonly string[] {
    return [...this.resources(typeUrl).keys()].sort();
  }

  /**
   * Waits for a condition, which is looked at after each response and at the end of the stream.
   * @param milliseconds how long it waits at most, 10,000 without it
   * @throws SignalboxError `xds_timeout`, which tells what it has
   * @throws what `condition`, or the `judge` of the client, throws
   */
  async until(condition: () => boolean, milliseconds = 10_000): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new SignalboxError('xds_timeout', `not so in ${milliseconds} ms; ${this.#summary()}`));
      }, milliseconds);
      const look = () => {
        try {
          if (this.#defects.length > 0) throw this.#defects.shift();
          if (!condition()) return;
          resolve();
        } catch (thrown) {
          reject(thrown);
        }
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Cancels the stream and closes the connection. */
  close(): void {
    this.#call.cancel();
    this.#client.close();
  }

  #receive(bytes: Uint8Array): void {
    const response = this.#delta
      ? readDelta(
          decode('envoy.service.discovery.v3.DeltaDiscoveryResponse', bytes) as DeltaDiscoveryResponse,
        )
      : readSotw(decode('envoy.service.discovery.v3.DiscoveryResponse', bytes) as DiscoveryResponse);
    const reason = askOutside(
      () => this.options.judge?.(response),
      (thrown) => {
        this.#defects.push(thrown);
        return messageOf(thrown);
      },
    );
    const type = this.#type(response.typeUrl);
    type.nonce = response.nonce;
    if (reason === undefined) this.#take(type, response);
    const answer = this.#delta ? { type_url: response.typeUrl } : this.#sotwRequest(response.typeUrl, type);
    this.#send({
      ...answer,
      response_nonce: response.nonce,
      ...(!this.#delta && { version_info: type.version }),
      ...(reason !== undefined && { error_detail: { code: 3, message: reason } }),
    });
    this.responses.push(response);
    this.#wake();
  }

  #take(type: TypeView, { typeUrl, version, resources, removed }: XdsResponse): void {
    type.version = version;
    if (!this.#delta && (type.wildcard || isFullState(typeUrl))) type.resources.clear();
    for (const name of removed) type.resources.delete(name);
    for (const resource of resources) {
      // A heartbeat names a resource without its content.
      if (resource.body !== undefined) type.resources.set(resource.name, resource);
    }
  }

  #sotwRequest(type_url: string, { wildcard, names, nonce }: TypeView): Request {
    const star = wildcard && (names.size > 0 || isNamedOnly(type_url));
    const resource_names = star ? ['*', ...names] : [...names];
    return { type_url, resource_names, response_nonce: nonce };
  }

  #send(request: Request): void {
    const { node = 'test', cluster = '', metadata = {} } = this.options;
    const introduction = this.#introduced
      ? {}
      : { node: { id: node, cluster, metadata: structOf(metadata) } };
    this.#introduced = true;
    this.#call.write({ ...introduction, ...request });
  }

  #type(typeUrl: string): TypeView {
    let type = this.#types.get(typeUrl);
    if (type === undefined) {
      type = { wildcard: false, names: new Set(), resources: new Map(), version: '', nonce: '' };
      this.#types.set(typeUrl, type);
    }
    return type;
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  #summary(): string {
    const ended =
      this.#ended === undefined ? [] : [`the stream ended: ${this.#ended.code} ${this.#ended.details}`];
    const types = [...this.#types.keys()].map((typeUrl) => `${typeUrl}: ${this.names(typeUrl).join(', ')}`);
    return [...ended, `${this.responses.length} responses`, ...types].join('; ');
  }
}
