import { setTimeout } from 'node:timers/promises';
import type { Random } from '../conformance/random.js';
import type { Consul } from '../peers/consul.js';
import type { Etcd } from '../peers/etcd.js';
import { eventually } from '../peers/eventually.js';

const SLOTS = 4;
const SERVICES = { etcd: 40, kv: 10 };
/** Milliseconds between two looks at how many changes are due. */
const BEAT = 20;
/** For how long a write is tried again, milliseconds. */
const PATIENCE = 30_000;

interface Place {
  readonly registry: 'etcd' | 'kv';
  readonly service: string;
  readonly address: string;
}

/** Instances that come, go and change their weights in an etcd and in a Consul KV, steadily. */
export class Churn {
  changes = 0;
  readonly #weights = new Map<Place, number>();
  readonly #places: readonly Place[];

  constructor(
    private readonly etcd: Etcd,
    private readonly consul: Consul,
    private readonly random: Random,
  ) {
    this.#places = (['etcd', 'kv'] as const).flatMap((registry) =>
      Array.from({ length: SERVICES[registry] * SLOTS }, (_, n) => ({
        registry,
        service: `${registry}-${n % SERVICES[registry]}`,
        address: `127.0.${registry === 'etcd' ? 1 : 2}.${1 + (n % 250)}:${8_000 + n}`,
      })),
    );
  }

  /** Puts every instance into its registry. */
  async fill(): Promise<void> {
    for (const place of this.#places) await this.#put(place, 1);
  }

  /** Makes so many changes a second until aborted, and resolves when the last one has been written. */
  async run(perSecond: number, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const base = this.changes;
    while (!signal.aborted) {
      const due = Math.floor(((performance.now() - began) / 1000) * perSecond) - (this.changes - base);
      const places = new Set(
        Array.from({ length: Math.min(Math.max(due, 0), 50) }, () => this.random.pick(this.#places)),
      );
      await Promise.all([...places].map(async (place) => await this.#change(place)));
      await setTimeout(BEAT);
    }
  }

  /** What the registries hold now, read from them: `host:port=weight`, sorted, by service. */
  async truth(): Promise<ReadonlyMap<string, string>> {
    const hosts = new Map<string, string[]>();
    for (const place of this.#places) {
      const { client } = this.#at(place);
      const text = await eventually(() => client.get(keyOf(place)), PATIENCE);
      if (text === undefined) continue;
      const { weight } = JSON.parse(text) as { weight: number };
      hosts.set(place.service, [...(hosts.get(place.service) ?? []), `${place.address}=${weight}`]);
    }
    return new Map([...hosts].map(([service, list]) => [service, list.sort().join(' ')]));
  }

  async #change(place: Place): Promise<void> {
    const weight = this.#weights.get(place);
    if (weight !== undefined && this.random.chance(0.15)) await this.#delete(place);
    else await this.#put(place, ((weight ?? 0) % 100) + 1);
  }

  async #put(place: Place, weight: number): Promise<void> {
    this.#weights.set(place, weight);
    this.changes += 1;
    const { client } = this.#at(place);
    await eventually(async () => void (await client.put(keyOf(place), { weight })), PATIENCE);
  }

  async #delete(place: Place): Promise<void> {
    this.#weights.delete(place);
    this.changes += 1;
    const { client } = this.#at(place);
    await eventually(async () => void (await client.delete(keyOf(place))), PATIENCE);
  }

  /** A registry may drop a connection of ours under load; what is written is written again then. */
  #at({ registry }: Place): { readonly client: Etcd['client'] | Consul['kv'] } {
    return { client: registry === 'etcd' ? this.etcd.client : this.consul.kv };
  }
}

function keyOf({ registry, service, address }: Place): string {
  return registry === 'etcd' ? `/services/${service}/${address}` : `upstreams/${service}/${address}`;
}
