import protobuf from 'protobufjs';
import { skipField } from '../protobuf/skip-field.js';
import type { Resource } from '../snapshot/resource.js';
import type { ResourceSet } from '../snapshot/resource-set.js';
import type { NameSet } from './name-set.js';

/** Fields of `envoy.config.route.v3.VirtualHost` and `RouteConfiguration`. */
const DOMAINS = 2;
const VHDS = 9;
const IGNORE_PORT = 14;

const DELIMITED = 2;
const VARINT = 0;

/** The virtual hosts of one route configuration, and their domains in lower case with the names of the resources. */
class Domains {
  readonly members: Resource[] = [];
  readonly #exact = new Map<string, string>();
  /** What follows or precedes the `*`. */
  readonly #suffixes = new Map<string, string>();
  readonly #prefixes = new Map<string, string>();
  #lengths: readonly number[] | undefined;

  /** Of two that claim a domain the first one counts. */
  add(domain: string, name: string): void {
    const lower = domain.toLowerCase();
    const [table, key] = lower.startsWith('*')
      ? ([this.#suffixes, lower.slice(1)] as const)
      : lower.endsWith('*')
        ? ([this.#prefixes, lower.slice(0, -1)] as const)
        : ([this.#exact, lower] as const);
    if (!table.has(key)) table.set(key, name);
  }

  /** As Envoy chooses: the domain itself, then the longest `*.suffix`, then the longest `prefix.*`, then `*`. */
  find(host: string): string | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    this.#lengths ??= [
      ...new Set([...this.#suffixes.keys(), ...this.#prefixes.keys()].map(({ length }) => length)),
    ]
      .filter((length) => length > 0)
      .sort((a, b) => b - a);
    // A wildcard stands for one character at least.
    const lengths = this.#lengths.filter((length) => length < host.length);
    for (const length of lengths) {
      const name = this.#suffixes.get(host.slice(-length));
      if (name !== undefined) return name;
    }
    for (const length of lengths) {
      const name = this.#prefixes.get(host.slice(0, length));
      if (name !== undefined) return name;
    }
    return this.#suffixes.get('');
  }
}

const TABLES = new WeakMap<ResourceSet, ReadonlyMap<string, Domains>>();

/** The virtual hosts of a set, by the names under which an Envoy asks for them on demand: `CONFIGURATION/HOST`. */
export class VirtualHosts {
  /**
   * @param set the virtual hosts, each named `CONFIGURATION/NAME`
   * @param routes the route configurations, which say whether the port of a host counts
   * @param within the names of those that are of concern; all without it
   */
  constructor(
    private readonly set: ResourceSet,
    private readonly routes: ResourceSet,
    private readonly within?: NameSet,
  ) {}

  /** Names this object's content, for caches of what was worked out from it. */
  get id(): string {
    return `${this.set.id} ${this.routes.id} ${this.within?.id}`;
  }

  /** Whether a virtual host, or a word as {@link wordFor} makes it, is one of a route configuration that is of concern. */
  concerns(name: string): boolean {
    return this.within === undefined || this.within.has(split(name)[0] ?? '');
  }

  /** The virtual hosts of the route configuration for which a name is the word; none where it is not one. */
  toldBy(name: string): readonly Resource[] {
    return isWord(name) ? (tablesOf(this.set).get(name.slice(0, -1))?.members ?? []) : [];
  }

  /**
   * The resource of this very name, else the virtual host of that configuration that takes the host.
   * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/vhds
   */
  find(name: string): Resource | undefined {
    const named = this.set.get(name);
    if (named !== undefined) return named;
    const [configuration, host] = split(name);
    if (configuration === undefined) return undefined;
    const asked = ignoresPort(this.routes.get(configuration)) ? host.replace(/:\d+$/, '') : host;
    const found = tablesOf(this.set).get(configuration)?.find(asked.toLowerCase());
    return found === undefined ? undefined : this.set.get(found);
  }
}

/** A host has no slash, a route configuration's name may have some. */
function split(name: string): readonly [configuration: string | undefined, rest: string] {
  const slash = name.lastIndexOf('/');
  return slash === -1 ? [undefined, name] : [name.slice(0, slash), name.slice(slash + 1)];
}

function tablesOf(set: ResourceSet): ReadonlyMap<string, Domains> {
  let tables = TABLES.get(set);
  if (tables === undefined) {
    tables = tablesFor(set);
    TABLES.set(set, tables);
  }
  return tables;
}

function tablesFor(set: ResourceSet): ReadonlyMap<string, Domains> {
  const tables = new Map<string, Domains>();
  for (const resource of set.values()) {
    const [configuration] = split(resource.name);
    if (configuration === undefined) continue;
    const domains = tables.get(configuration) ?? new Domains();
    tables.set(configuration, domains);
    domains.members.push(resource);
    for (const domain of domainsOf(resource)) domains.add(domain, resource.name);
  }
  return tables;
}

const READ = new WeakMap<Resource, readonly string[]>();

function domainsOf(resource: Resource): readonly string[] {
  let domains = READ.get(resource);
  if (domains === undefined) {
    const read: string[] = [];
    scan(resource, DELIMITED, DOMAINS, (reader) => void read.push(reader.string()));
    domains = read;
    READ.set(resource, domains);
  }
  return domains;
}

const FLAGS = new WeakMap<Resource, { readonly vhds: boolean; readonly ignoresPort: boolean }>();

function flagsOf(resource: Resource) {
  let flags = FLAGS.get(resource);
  if (flags === undefined) {
    let vhds = false;
    let ignoresPort = false;
    scan(resource, DELIMITED, VHDS, (reader) => {
      reader.bytes();
      vhds = true;
    });
    scan(resource, VARINT, IGNORE_PORT, (reader) => {
      ignoresPort = reader.bool();
    });
    flags = { vhds, ignoresPort };
    FLAGS.set(resource, flags);
  }
  return flags;
}

function ignoresPort(routes: Resource | undefined): boolean {
  return routes !== undefined && flagsOf(routes).ignoresPort;
}

/** Whether the virtual hosts of a route configuration are discovered. */
export function discoversVirtualHosts(routes: Resource): boolean {
  return flagsOf(routes).vhds;
}

/**
 * A name among the virtual hosts of a route configuration that none of them has. An Envoy that takes up the configuration
 * waits until a response says something of them, and asks for nothing: that this one is removed says enough.
 */
export function wordFor({ name }: Pick<Resource, 'name'>): string {
  return `${name}/`;
}

/** Whether a name is such a word. */
export function isWord(name: string): boolean {
  return name.endsWith('/');
}

/** Reads one field of a message, each time it comes. Bytes that are no message end it: a proxy will reject them. */
function scan(
  { body }: Resource,
  wireType: number,
  field: number,
  read: (reader: protobuf.Reader) => void,
): void {
  const reader = protobuf.Reader.create(body);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === ((field << 3) | wireType)) read(reader);
      else skipField(reader, tag);
    }
  } catch {
    // What was read until then counts.
  }
}
