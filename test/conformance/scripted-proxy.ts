import type { Client } from '@grpc/grpc-js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { Variant } from './variant.js';
import type { Received, Sent } from './wire.js';
import { statusName, WireStream } from './wire-stream.js';

export const { cluster: CDS, endpoints: EDS, listener: LDS, route: RDS } = TYPE_URL;

const DISCOVERY = 'envoy.service';
const ADS_PATH = `/${DISCOVERY}.discovery.v3.AggregatedDiscoveryService`;
const PATHS: ReadonlyMap<string, readonly [service: string, noun: string]> = new Map([
  [CDS, ['cluster.v3.ClusterDiscoveryService', 'Clusters']],
  [EDS, ['endpoint.v3.EndpointDiscoveryService', 'Endpoints']],
  [LDS, ['listener.v3.ListenerDiscoveryService', 'Listeners']],
  [RDS, ['route.v3.RouteDiscoveryService', 'Routes']],
  [TYPE_URL.secret, ['secret.v3.SecretDiscoveryService', 'Secrets']],
  [TYPE_URL.scopedRoute, ['route.v3.ScopedRoutesDiscoveryService', 'ScopedRoutes']],
  [TYPE_URL.virtualHost, ['route.v3.VirtualHostDiscoveryService', 'VirtualHosts']],
  [TYPE_URL.extensionConfig, ['extension.v3.ExtensionConfigDiscoveryService', 'ExtensionConfigs']],
  [TYPE_URL.runtime, ['runtime.v3.RuntimeDiscoveryService', 'Runtime']],
]);

export interface ScriptedProxyOptions {
  readonly node?: Sent['node'];
  /** Sent with every request, not just the first. */
  readonly nodeAlways?: boolean;
}

interface Subscribed {
  names: readonly string[];
  /** Of the last response, and the version that was accepted last. */
  nonce: string;
  version: string;
}

const PATIENCE = 20_000;

/**
 * A scripted proxy. It says what the test tells it to in the words of its variant, and nothing by itself. What it
 * receives is taken in order: a response that no test took is found by `quiet` and `end`.
 */
export class ScriptedProxy {
  /** Everything that came, in order. */
  readonly log: Received[] = [];
  readonly #streams = new Map<string, WireStream>();
  readonly #types = new Map<string, Subscribed>();
  readonly #waiting: Received[] = [];
  #arrived: () => void = () => undefined;
  #status: string | undefined;

  /** @param barrier resolves when the server has dealt with all that was sent on `client` before */
  constructor(
    private readonly client: Client,
    readonly variant: Variant,
    private readonly barrier: (client: Client) => Promise<void>,
    private readonly options: ScriptedProxyOptions = {},
  ) {}

  /** Sends a request as it stands; only the node of the first one of a stream is added. */
  send(request: Sent): void {
    const { node = { id: 'proxy-1', cluster: 'test' }, nodeAlways = false } = this.options;
    const isNew = !this.#streams.has(this.#keyOf(request.typeUrl));
    const stream = this.stream(request.typeUrl);
    stream.send(isNew || nodeAlways ? { node, ...request } : request);
  }

  /** Asks for more names; the first time, for these names or, without any, for everything. */
  subscribe(typeUrl: string, ...names: readonly string[]): void {
    const type = this.#type(typeUrl);
    type.names = [...type.names, ...names.filter((name) => !type.names.includes(name))];
    if (this.variant.protocol === 'delta') this.send({ typeUrl, subscribe: names });
    else this.#sendNames(typeUrl, type);
  }

  unsubscribe(typeUrl: string, ...names: readonly string[]): void {
    const type = this.#type(typeUrl);
    type.names = type.names.filter((name) => !names.includes(name));
    if (this.variant.protocol === 'delta') this.send({ typeUrl, unsubscribe: names });
    else this.#sendNames(typeUrl, type);
  }

  ack({ typeUrl, nonce, version }: Received): void {
    const type = this.#type(typeUrl);
    type.version = version;
    if (this.variant.protocol === 'delta') this.send({ typeUrl, nonce });
    else this.send({ typeUrl, names: type.names, version, nonce });
  }

  nack({ typeUrl, nonce }: Received, error = 'rejected by the test'): void {
    const { names, version } = this.#type(typeUrl);
    if (this.variant.protocol === 'delta') this.send({ typeUrl, nonce, error });
    else this.send({ typeUrl, names, version, nonce, error });
  }

  /** The next response of a type, which is not answered. */
  async next(typeUrl: string, milliseconds = PATIENCE): Promise<Received> {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const index = this.#waiting.findIndex((response) => response.typeUrl === typeUrl);
      const found = this.#waiting[index];
      if (found !== undefined) {
        this.#waiting.splice(index, 1);
        return found;
      }
      if (this.#status !== undefined) throw new Error(`the stream ended: ${this.#status}`);
      if (performance.now() > deadline) throw new Error(`no response of ${typeUrl}; came: ${this.#seen()}`);
      await this.#arrival(deadline - performance.now());
    }
  }

  /** The next response of a type, acknowledged. */
  async take(typeUrl: string): Promise<Received> {
    const response = await this.next(typeUrl);
    this.ack(response);
    return response;
  }

  /** Subscribes and acknowledges the answer. */
  async hold(typeUrl: string, ...names: readonly string[]): Promise<Received> {
    this.subscribe(typeUrl, ...names);
    return await this.take(typeUrl);
  }

  /** Takes and acknowledges responses of a type up to the first one that `wanted` holds of. */
  async until(typeUrl: string, wanted: (response: Received) => boolean): Promise<Received> {
    for (;;) {
      const response = await this.take(typeUrl);
      if (wanted(response)) return response;
    }
  }

  /** Waits until the server has dealt with everything that was sent. */
  async settled(): Promise<void> {
    await this.barrier(this.client);
  }

  /** Fails if anything came that was not taken. */
  async quiet(): Promise<void> {
    await this.settled();
    this.#expectNothingMore();
  }

  /** Ends all streams in good order, which brings out whatever the server still had to say: that must be nothing. */
  async end(): Promise<void> {
    for (const stream of this.#streams.values()) {
      const { code, details } = await stream.halfClose();
      if (code !== 0) throw new Error(`the stream ended with ${statusName(code)}: ${details}`);
    }
    this.#expectNothingMore();
  }

  /** The stream that carries a type; opened when first asked for. */
  stream(typeUrl: string): WireStream {
    const key = this.#keyOf(typeUrl);
    let stream = this.#streams.get(key);
    if (stream === undefined) {
      stream = new WireStream(this.client, pathOf(this.variant, typeUrl), this.variant.protocol, (response) =>
        this.#receive(response),
      );
      void stream.ended.then(({ code, details }) => {
        this.#status = `${statusName(code)}: ${details}`;
        this.#arrived();
      });
      this.#streams.set(key, stream);
    }
    return stream;
  }

  cut(): void {
    for (const stream of this.#streams.values()) stream.cut();
    this.client.close();
  }

  #sendNames(typeUrl: string, { names, version, nonce }: Subscribed): void {
    this.send({ typeUrl, names, version, nonce });
  }

  #receive(response: Received): void {
    this.#type(response.typeUrl).nonce = response.nonce;
    this.log.push(response);
    this.#waiting.push(response);
    this.#arrived();
  }

  #type(typeUrl: string): Subscribed {
    const type = this.#types.get(typeUrl) ?? { names: [], nonce: '', version: '' };
    this.#types.set(typeUrl, type);
    return type;
  }

  async #arrival(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #expectNothingMore(): void {
    if (this.#waiting.length > 0) throw new Error(`unexpected responses: ${this.#seen()}`);
  }

  #seen(): string {
    const texts = this.#waiting.map(({ typeUrl, resources, removed }) => {
      const names = resources.map((resource) => resource.name).join(' ');
      return `${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} [${names}] removed [${removed.join(' ')}]`;
    });
    return texts.length === 0 ? 'nothing' : texts.join('; ');
  }

  #keyOf(typeUrl: string): string {
    return this.variant.streams === 'ads' ? '' : typeUrl;
  }
}

/** The method that serves a type in a variant. */
export function pathOf({ protocol, streams }: Variant, typeUrl: string): string {
  const verb = protocol === 'sotw' ? 'Stream' : 'Delta';
  if (streams === 'ads') return `${ADS_PATH}/${verb}AggregatedResources`;
  const [service, noun] = PATHS.get(typeUrl) ?? [];
  if (service === undefined) throw new Error(`no service of its own for ${typeUrl}`);
  return `/${DISCOVERY}.${service}/${verb}${noun}`;
}
