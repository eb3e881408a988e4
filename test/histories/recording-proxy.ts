import { setTimeout } from 'node:timers/promises';
import { TYPE_URL } from '../../src/snapshot/type-url.js';
import { messageIn, type ReceivedResource, XdsClient, type XdsResponse } from '../../src/testing/index.js';
import type { Instances, Observation } from './history.js';

const { cluster: CDS, endpoints: EDS } = TYPE_URL;
/** Milliseconds until a proxy whose stream has ended connects again. */
const AGAIN = 200;

/** Where a proxy can connect to. */
export interface ServedAt {
  readonly name: string;
  /** `host:port` of its xDS server. */
  address(): string;
}

/** A proxy that follows clusters and load assignments as Envoy does, and records each change of what it is shown. */
export class RecordingProxy {
  #stream = 0;
  readonly #shown = new Map<string, string>();

  constructor(
    readonly name: string,
    private readonly variant: 'sotw' | 'delta',
    private readonly record: (observation: Observation) => void,
  ) {}

  /** Follows the servers in turn: the next one when a stream ends, or after `stay` milliseconds. */
  async run(
    servers: readonly ServedAt[],
    signal: AbortSignal,
    stay = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    for (let turn = 0; !signal.aborted; turn += 1) {
      const server = servers[turn % servers.length];
      if (server === undefined) return;
      const leave = stay < Number.POSITIVE_INFINITY ? AbortSignal.timeout(stay) : undefined;
      await this.#follow(server, leave === undefined ? signal : AbortSignal.any([signal, leave]));
      if (leave?.aborted !== true) await setTimeout(AGAIN, undefined, { signal }).catch(() => undefined);
    }
  }

  async #follow(server: ServedAt, signal: AbortSignal): Promise<void> {
    this.#stream += 1;
    const view = new StreamView(this.variant, (service, instances) =>
      this.#show(server.name, service, instances),
    );
    const before = new Set(this.#shown.keys());
    this.#shown.clear();
    const client = new XdsClient(server.address(), {
      variant: this.variant,
      node: this.name,
      judge: (response) => {
        if (signal.aborted) return undefined;
        const { subscribe, unsubscribe } = view.take(response);
        // What another stream had shown, and this one does not have.
        if (response.typeUrl === CDS)
          for (const service of before) if (!view.has(service)) this.#show(server.name, service, {});
        queueMicrotask(() => {
          if (subscribe.length > 0) client.subscribe(EDS, ...subscribe);
          if (unsubscribe.length > 0) client.unsubscribe(EDS, ...unsubscribe);
        });
        return undefined;
      },
    });
    const close = () => client.close();
    signal.addEventListener('abort', close);
    client.subscribe(CDS);
    await client.until(() => client.ended !== undefined, 2 ** 31 - 1);
    signal.removeEventListener('abort', close);
    client.close();
  }

  #show(server: string, service: string, instances: Instances): void {
    const text = JSON.stringify(instances);
    if (this.#shown.get(service) === text) return;
    this.#shown.set(service, text);
    const { name: proxy } = this;
    this.record({ proxy, server, stream: this.#stream, service, instances, at: performance.now() });
  }
}

/** What one stream has said. */
class StreamView {
  readonly #clusters = new Set<string>();

  constructor(
    private readonly variant: 'sotw' | 'delta',
    private readonly show: (service: string, instances: Instances) => void,
  ) {}

  has(service: string): boolean {
    return this.#clusters.has(service);
  }

  /** Gives the load assignments to ask for now, and those to ask for no more. */
  take({ typeUrl, resources, removed }: XdsResponse): {
    readonly subscribe: readonly string[];
    readonly unsubscribe: readonly string[];
  } {
    const none = { subscribe: [], unsubscribe: [] };
    if (typeUrl === EDS) {
      for (const resource of resources)
        if (this.has(resource.name)) this.show(resource.name, instancesIn(resource));
      for (const name of removed) this.show(name, {});
      return none;
    }
    if (typeUrl !== CDS) return none;
    const names = new Set(resources.map(({ name }) => name));
    const gone =
      this.variant === 'delta' ? removed : [...this.#clusters].filter((service) => !names.has(service));
    const came = [...names].filter((name) => !this.#clusters.has(name));
    for (const service of gone) {
      this.#clusters.delete(service);
      this.show(service, {});
    }
    for (const service of came) this.#clusters.add(service);
    return { subscribe: came, unsubscribe: gone };
  }
}

function instancesIn(resource: ReceivedResource): Instances {
  const { endpoints = [] } = messageIn('envoy.config.endpoint.v3.ClusterLoadAssignment', resource);
  const entries = endpoints.flatMap(({ lb_endpoints = [] }) =>
    lb_endpoints.map(({ endpoint, load_balancing_weight }): [string, number] => {
      const { address, port_value } = endpoint?.address?.socket_address ?? {};
      return [`${address}:${port_value}`, load_balancing_weight?.value ?? 0];
    }),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b)));
}
