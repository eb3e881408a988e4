import type { Client } from '@grpc/grpc-js';
import { decode } from '../../src/protobuf/messages.js';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import type { Variant } from '../conformance/variant.js';
import type { Received } from '../conformance/wire.js';
import { WireStream } from '../conformance/wire-stream.js';

const { cluster: CDS, endpoints: EDS, listener: LDS } = TYPE_URL;
const ADS = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

/** A proxy that follows clusters, load assignments and listeners as an Envoy does, and accepts everything. */
export class SteadyProxy {
  responses = 0;
  #stream: WireStream;
  #open = true;
  readonly #bodies = new Map<string, Map<string, Uint8Array>>(
    [CDS, EDS, LDS].map((type) => [type, new Map()]),
  );
  readonly #versions = new Map<string, Map<string, string>>([CDS, EDS, LDS].map((type) => [type, new Map()]));

  /** @param ended called when the stream ends without being told to */
  constructor(
    client: Client,
    readonly node: string,
    private readonly protocol: Variant['protocol'],
    ended: (reason: string) => void,
  ) {
    const path = `${ADS}/${protocol === 'sotw' ? 'Stream' : 'Delta'}AggregatedResources`;
    this.#stream = new WireStream(client, path, protocol, (response) => this.#receive(response));
    void this.#stream.ended.then(({ code, details }) => {
      if (this.#open) ended(`${node}: ${code} ${details}`);
    });
    for (const typeUrl of [CDS, LDS]) this.#stream.send({ typeUrl, node: { id: node, cluster: 'soak' } });
  }

  /** What it would send requests to: `host:port=weight`, sorted, by service; services without any are left out. */
  view(): ReadonlyMap<string, string> {
    const view = new Map<string, string>();
    for (const name of this.#held(CDS).keys()) {
      const body = this.#held(EDS).get(name);
      if (body === undefined) continue;
      const { endpoints = [] } = decode('envoy.config.endpoint.v3.ClusterLoadAssignment', body);
      const hosts = endpoints.flatMap(({ lb_endpoints = [] }) =>
        lb_endpoints.map(({ endpoint, load_balancing_weight }) => {
          const { address, port_value } = endpoint?.address?.socket_address ?? {};
          return `${address}:${port_value}=${load_balancing_weight?.value ?? 1}`;
        }),
      );
      if (hosts.length > 0) view.set(name, hosts.sort().join(' '));
    }
    return view;
  }

  close(): void {
    this.#open = false;
    this.#stream.cut();
  }

  #receive({ typeUrl, nonce, version, resources, removed }: Received): void {
    if (!this.#open) return;
    this.responses += 1;
    const held = this.#held(typeUrl);
    const before = new Set(typeUrl === CDS ? held.keys() : []);
    if (this.protocol === 'sotw' && typeUrl !== EDS) held.clear();
    for (const { name, body } of resources) held.set(name, Buffer.from(body));
    for (const name of removed) held.delete(name);
    const names = typeUrl === EDS ? [...this.#held(CDS).keys()] : [];
    this.#stream.send({ typeUrl, nonce, ...(this.protocol === 'sotw' && { version, names }) });
    this.#versions.set(
      typeUrl,
      new Map([
        ['nonce', nonce],
        ['version', version],
      ]),
    );
    if (typeUrl === CDS) this.#follow(before, new Set(held.keys()));
  }

  /** Asks for the load assignments of the clusters there are now. */
  #follow(before: ReadonlySet<string>, after: ReadonlySet<string>): void {
    const subscribe = [...after].filter((name) => !before.has(name));
    const unsubscribe = [...before].filter((name) => !after.has(name));
    if (subscribe.length === 0 && unsubscribe.length === 0) return;
    for (const name of unsubscribe) this.#held(EDS).delete(name);
    if (this.protocol === 'delta') this.#stream.send({ typeUrl: EDS, subscribe, unsubscribe });
    else {
      const last = this.#versions.get(EDS);
      const [nonce, version] = [last?.get('nonce') ?? '', last?.get('version') ?? ''];
      this.#stream.send({ typeUrl: EDS, names: [...after], nonce, version });
    }
  }

  #held(typeUrl: string): Map<string, Uint8Array> {
    const held = this.#bodies.get(typeUrl);
    if (held === undefined) throw new Error(`nobody asked for ${typeUrl}`);
    return held;
  }
}
