import { printableJson } from '../base/printable.js';
import { toJson } from '../protobuf/json.js';
import type { Snapshot } from '../snapshot/snapshot.js';
import type { Steps } from '../snapshot/steps.js';
import { messageName, TYPE_URL } from '../snapshot/type-url.js';
import { Turns } from '../xds/turns.js';

const ADMIN = 'type.googleapis.com/envoy.admin.v3.';
/** Resources that are written in one step. */
const PIECE = 50;

/**
 * A snapshot in the shape of Envoy's own `/config_dump`, as the bytes of its JSON.
 * https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/admin/v3/config_dump_shared.proto
 */
export function* configDump(snapshot: Snapshot): Steps<Uint8Array> {
  const parts: string[] = ['{"configs":['];
  for (const [index, { dump, hasVersion, typeUrl, list, entryOf }] of SECTIONS.entries()) {
    const set = snapshot.set(typeUrl);
    const head = JSON.stringify({
      '@type': `${ADMIN}${dump}`,
      ...(hasVersion && { version_info: set.version }),
    });
    parts.push(`${index === 0 ? '' : ','}${head.slice(0, -1)},"${list}":[`);
    let written = 0;
    for (const { name, version, body } of [...set.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const message = { '@type': typeUrl, ...Object(toJson(messageName(typeUrl), body)) };
      const entry = printableJson(JSON.stringify(entryOf(name, version, message)));
      parts.push(written === 0 ? entry : `,${entry}`);
      written += 1;
      if (written % PIECE === 0) yield;
    }
    parts.push(']}');
    yield;
  }
  return Buffer.from(`${parts.join('')}]}`);
}

interface Section {
  /** The name of its message. */
  readonly dump: string;
  /** Whether it says a version of the whole. */
  readonly hasVersion: boolean;
  readonly typeUrl: string;
  /** The field with its resources. */
  readonly list: string;
  readonly entryOf: (name: string, version: string, message: object) => object;
}

const SECTIONS: readonly Section[] = [
  {
    dump: 'ClustersConfigDump',
    hasVersion: true,
    typeUrl: TYPE_URL.cluster,
    list: 'dynamic_active_clusters',
    entryOf: (_, version_info, cluster) => ({ version_info, cluster }),
  },
  {
    dump: 'ListenersConfigDump',
    hasVersion: true,
    typeUrl: TYPE_URL.listener,
    list: 'dynamic_listeners',
    entryOf: (name, version_info, listener) => ({ name, active_state: { version_info, listener } }),
  },
  {
    dump: 'RoutesConfigDump',
    hasVersion: false,
    typeUrl: TYPE_URL.route,
    list: 'dynamic_route_configs',
    entryOf: (_, version_info, route_config) => ({ version_info, route_config }),
  },
  {
    dump: 'EndpointsConfigDump',
    hasVersion: false,
    typeUrl: TYPE_URL.endpoints,
    list: 'dynamic_endpoint_configs',
    entryOf: (_, version_info, endpoint_config) => ({ version_info, endpoint_config }),
  },
  {
    dump: 'SecretsConfigDump',
    hasVersion: false,
    typeUrl: TYPE_URL.secret,
    list: 'dynamic_active_secrets',
    entryOf: (name, version_info, secret) => ({ name, version_info, secret }),
  },
];

interface Building {
  readonly snapshot: Snapshot;
  readonly bytes: Promise<Uint8Array>;
}

/** Writes one dump at a time, in slices. Clients that ask during a dump share the next one. */
export class ConfigDumps {
  readonly #turns = new Turns();
  #building: Building | undefined;
  #next: Promise<Uint8Array> | undefined;
  /** Kept only while a client is still receiving it. */
  #last: { readonly snapshot: Snapshot; readonly bytes: WeakRef<Uint8Array> } | undefined;

  constructor(private readonly snapshotOf: () => Snapshot) {}

  /** @throws any error of `snapshotOf` */
  async current(): Promise<Uint8Array> {
    const snapshot = this.snapshotOf();
    const known = this.#last?.snapshot === snapshot ? this.#last.bytes.deref() : undefined;
    if (known !== undefined) return known;
    if (this.#building === undefined) return await this.#build(snapshot);
    if (this.#building.snapshot === snapshot) return await this.#building.bytes;
    this.#next ??= this.#afterwards(this.#building.bytes);
    return await this.#next;
  }

  async #afterwards(before: Promise<unknown>): Promise<Uint8Array> {
    await before.catch(() => undefined);
    this.#next = undefined;
    return await this.#build(this.snapshotOf());
  }

  async #build(snapshot: Snapshot): Promise<Uint8Array> {
    const bytes = this.#turns.done(configDump(snapshot)).then(({ result }) => result);
    const building = { snapshot, bytes };
    this.#building = building;
    try {
      const written = await bytes;
      this.#last = { snapshot, bytes: new WeakRef(written) };
      return written;
    } finally {
      if (this.#building === building) this.#building = undefined;
    }
  }
}
