import type { Client } from '@grpc/grpc-js';
import { FickleType } from './fickle-type.js';
import type { Random } from './random.js';
import { CDS, EDS, LDS, pathOf, RDS } from './scripted-proxy.js';
import type { Variant } from './variant.js';
import type { Received } from './wire.js';
import { WireStream } from './wire-stream.js';

const FULL: readonly string[] = [CDS, LDS];

/** A proxy on one stream that asks, forgets, accepts, rejects, keeps silent, goes and comes back as chance has it. */
export class FickleProxy {
  readonly types: readonly FickleType[];
  /** How many responses came. */
  responses = 0;
  /** Responses with a resource that the proxy had not asked for. */
  strays = 0;
  #stream: WireStream | undefined;
  #reliable = false;

  /** @param pool names to choose from, by type */
  constructor(
    private readonly client: Client,
    readonly variant: Variant,
    private readonly random: Random,
    private readonly pool: ReadonlyMap<string, readonly string[]>,
    private readonly node: string,
  ) {
    const own = variant.streams === 'ads' ? [CDS, EDS, LDS, RDS] : [random.pick([CDS, EDS, RDS])];
    this.types = own.map(
      (typeUrl) => new FickleType(typeUrl, variant.protocol, FULL.includes(typeUrl), random),
    );
  }

  act(): void {
    const type = this.random.pick(this.types);
    if (this.#stream === undefined) this.#connect();
    else if (this.random.chance(0.05)) this.#disconnect();
    else if (this.random.chance(0.4)) this.#answer(type);
    else this.#changeMind(type);
  }

  /** From now on it is a good proxy: connected, and with an answer to everything. */
  settleDown(): void {
    if (this.#stream === undefined) this.#connect();
    this.#reliable = true;
    for (const type of this.types) this.#send(type.answer(true));
  }

  cut(): void {
    this.#stream?.cut();
  }

  #connect(): void {
    const [first] = this.types;
    const path = pathOf(this.variant, first?.typeUrl ?? '');
    const stream = new WireStream(this.client, path, this.variant.protocol, (response) => {
      if (stream === this.#stream) this.#receive(response);
    });
    this.#stream = stream;
    for (const type of this.types) {
      const request = type.subscribe([], []);
      stream.send({
        ...request,
        ...(type === first && { node: { id: this.node, cluster: 'test', user_agent_name: 'envoy' } }),
      });
    }
  }

  #disconnect(): void {
    this.#stream?.cut();
    this.#stream = undefined;
    for (const type of this.types) type.disconnected();
  }

  #changeMind(type: FickleType): void {
    const names = this.pool.get(type.typeUrl) ?? [];
    const dropped = this.random.some(names, 0.2);
    const added = this.random.some(names, 0.2).filter((name) => !dropped.includes(name));
    this.#send(type.subscribe(added, dropped));
  }

  #answer(type: FickleType): void {
    this.#send(type.answer(this.random.chance(0.7)));
  }

  #receive(response: Received): void {
    this.responses += 1;
    const type = this.types.find(({ typeUrl }) => typeUrl === response.typeUrl);
    if (type === undefined) throw new Error(`an answer of ${response.typeUrl}, which was not asked for`);
    if (response.resources.some(({ name }) => !type.covers(name))) this.strays += 1;
    type.receive(response);
    if (this.#reliable) this.#send(type.answer(true));
    else if (this.random.chance(0.7)) this.#answer(type);
  }

  #send(request: Parameters<WireStream['send']>[0] | undefined): void {
    if (request !== undefined) this.#stream?.send(request);
  }
}
