import type { Client } from '@grpc/grpc-js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { Received, ReceivedResource } from '../conformance/wire.js';
import { WireStream } from '../conformance/wire-stream.js';

const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const METHODS = { sotw: 'StreamAggregatedResources', delta: 'DeltaAggregatedResources' } as const;
const WILDCARDS: readonly string[] = [TYPE_URL.cluster, TYPE_URL.listener];

export interface ModelledProxyOptions {
  readonly node: string;
  readonly protocol: 'sotw' | 'delta';
  /** The names that it asks for, by type; clusters and listeners it asks for as a whole. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** Why it rejects a response; undefined where it accepts it. */
  readonly judge?: (response: Received) => string | undefined;
}

interface Held {
  readonly content: string;
  readonly version: string;
}

/** A proxy as an Envoy is: it keeps what it has when a stream is lost, and says that when it comes back. */
export class ModelledProxy {
  /** What it was told to give up, by type and name. */
  readonly lost: string[] = [];
  /** How many responses it has rejected. */
  rejections = 0;
  readonly #held = new Map<string, Map<string, Held>>();
  readonly #versions = new Map<string, string>();
  #stream: WireStream | undefined;

  constructor(private readonly options: ModelledProxyOptions) {
    for (const typeUrl of options.names.keys()) this.#held.set(typeUrl, new Map());
  }

  connect(client: Client): void {
    const { node, protocol, names } = this.options;
    const stream = new WireStream(client, `${PATH}/${METHODS[protocol]}`, protocol, (response) => {
      if (stream === this.#stream) this.#receive(response);
    });
    this.#stream = stream;
    const of = { id: node, cluster: 'test', user_agent_name: 'envoy' };
    for (const [typeUrl, asked] of names) {
      const held = [...(this.#held.get(typeUrl) ?? [])].map(
        ([name, { version }]) => [name, version] as const,
      );
      stream.send({
        ...{ typeUrl, node: of },
        ...(protocol === 'sotw'
          ? { names: asked, version: this.#versions.get(typeUrl) ?? '' }
          : { subscribe: asked, known: new Map(held) }),
      });
    }
  }

  /** Says that it has these, whatever it has. */
  pretend(typeUrl: string, name: string, version: string): void {
    this.#held.get(typeUrl)?.set(name, { content: '', version });
    this.#versions.set(typeUrl, version);
  }

  cut(): void {
    this.#stream?.cut();
    this.#stream = undefined;
  }

  /** The contents that it has, by type and name. */
  get held(): ReadonlyMap<string, string> {
    const all = [...this.#held].flatMap(([typeUrl, held]) =>
      [...held].map(([name, { content }]) => [`${typeUrl} ${name}`, content] as const),
    );
    return new Map(all);
  }

  #receive(response: Received): void {
    const { typeUrl, nonce, version } = response;
    const error = this.options.judge?.(response);
    if (error === undefined) this.#apply(response);
    else this.rejections += 1;
    const names = this.options.names.get(typeUrl) ?? [];
    const sotw = { names, version: this.#versions.get(typeUrl) ?? '' };
    this.#stream?.send({
      ...{ typeUrl, nonce },
      ...(this.options.protocol === 'sotw' && { ...sotw, ...(error === undefined && { version }) }),
      ...(error !== undefined && { error }),
    });
  }

  #apply({ typeUrl, resources, removed, version }: Received): void {
    const held = this.#held.get(typeUrl) ?? new Map<string, Held>();
    const isFull = this.options.protocol === 'sotw' && WILDCARDS.includes(typeUrl);
    const gone = isFull
      ? [...held.keys()].filter((name) => !resources.some((one) => one.name === name))
      : removed;
    for (const name of gone) if (held.delete(name)) this.lost.push(`${typeUrl} ${name}`);
    for (const resource of resources) held.set(resource.name, asHeld(resource));
    this.#held.set(typeUrl, held);
    this.#versions.set(typeUrl, version);
  }
}

function asHeld({ body, version }: ReceivedResource): Held {
  return { content: Buffer.from(body).toString('latin1'), version };
}
