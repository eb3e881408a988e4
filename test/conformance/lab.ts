import { ChannelCredentials, Client, type ClientOptions } from '@grpc/grpc-js';
import pino from 'pino';
import { SnapshotCache } from '../../src/snapshot/cache.js';
import type { Resource } from '../../src/snapshot/resource.js';
import { Snapshot } from '../../src/snapshot/snapshot.js';
import { XdsServer } from '../../src/xds/server.js';
import { ScriptedProxy, type ScriptedProxyOptions } from './scripted-proxy.js';
import type { Variant } from './variant.js';
import { WireStream } from './wire-stream.js';

const GROUP = 'default';
const logger = pino({ level: 'silent' });

/** A control plane of its own for one test: a server over a cache that the test fills. */
export class Lab {
  #cache = new SnapshotCache();
  #server = this.#newServer();
  #address = '';
  readonly #proxies: ScriptedProxy[] = [];

  static async start(resources: readonly Resource[]): Promise<Lab> {
    const lab = new Lab();
    lab.put(...resources);
    lab.#address = await lab.#server.listen('127.0.0.1:0');
    return lab;
  }

  get address(): string {
    return this.#address;
  }

  get server(): XdsServer {
    return this.#server;
  }

  /** Publishes these resources beside those that are there. */
  put(...resources: readonly Resource[]): void {
    this.change(resources, []);
  }

  remove(...resources: readonly Pick<Resource, 'typeUrl' | 'name'>[]): void {
    this.change([], resources);
  }

  /** One publication that puts and removes. */
  change(put: readonly Resource[], removed: readonly Pick<Resource, 'typeUrl' | 'name'>[]): void {
    const changes = new Map<string, Map<string, Resource | undefined>>();
    const add = (typeUrl: string, name: string, resource: Resource | undefined) => {
      changes.set(typeUrl, (changes.get(typeUrl) ?? new Map()).set(name, resource));
    };
    for (const { typeUrl, name } of removed) add(typeUrl, name, undefined);
    for (const resource of put) add(resource.typeUrl, resource.name, resource);
    this.#cache.updateResources(GROUP, changes);
  }

  /** Another process of the control plane, which knows nothing of the first, with this content. */
  async restart(resources: readonly Resource[]): Promise<void> {
    await this.#server.stop();
    this.#cache = new SnapshotCache();
    this.#server = this.#newServer();
    this.#cache.setSnapshot(GROUP, Snapshot.of(resources));
    this.#address = await this.#server.listen('127.0.0.1:0');
  }

  /** A proxy on a connection of its own. */
  proxy(
    variant: Variant,
    options: ScriptedProxyOptions & { readonly channel?: ClientOptions } = {},
  ): ScriptedProxy {
    const proxy = new ScriptedProxy(connect(this.#address, options.channel), variant, barrier, options);
    this.#proxies.push(proxy);
    return proxy;
  }

  /** Several proxies on one connection. */
  proxies(variant: Variant, count: number): readonly ScriptedProxy[] {
    const client = connect(this.#address);
    const proxies = Array.from({ length: count }, () => new ScriptedProxy(client, variant, barrier));
    this.#proxies.push(...proxies);
    return proxies;
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) proxy.cut();
    await this.#server.stop();
  }

  #newServer(): XdsServer {
    return new XdsServer(this.#cache, { identifier: 'replica-1', groupOf: () => GROUP, logger });
  }
}

/** A connection of its own: channels would share one otherwise. */
export function connect(address: string, options: ClientOptions = {}): Client {
  return new Client(address, ChannelCredentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
    ...options,
  });
}

/**
 * What was sent on a connection before has been dealt with, and what it brought is here, once a stream that was
 * opened after it is answered and another one after that: a connection keeps the order of what goes through it, but
 * for what is under way on several streams at once.
 */
export async function barrier(client: Client): Promise<void> {
  await roundTrip(client);
  await roundTrip(client);
}

/** A type that nobody publishes is answered with nothing in it. */
async function roundTrip(client: Client): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const path = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
    const stream = new WireStream(client, path, 'sotw', () => {
      resolve();
      stream.cut();
    });
    void stream.ended.then(({ details }) => reject(new Error(`no answer at the barrier: ${details}`)));
    stream.send({ node: { id: 'barrier', cluster: 'test' }, typeUrl: 'type.googleapis.com/test.Barrier' });
  });
}
