import { withoutDuplicates } from '../../model/read-instance.js';
import { numberOf, textOf } from '../../text-of.js';
import type { ServiceState } from '../source.js';
import { isObject, type NodeRegistrations, type Registration } from './catalog-answer.js';
import { type InstanceRules, readCatalogInstance } from './catalog-instance.js';

interface Place extends Registration {
  readonly node: string;
  readonly id: string;
}

interface Known {
  readonly places: readonly Place[];
  /** The state as it was given out; undefined where no instance of the service passes the filters. */
  readonly text: string | undefined;
}

/** What is known of each service, and which services a change elsewhere in the catalogue touches. */
export class CatalogMapping {
  readonly #services = new Map<string, Known>();

  constructor(private readonly rules: InstanceRules) {}

  get names(): Iterable<string> {
    return this.#services.keys();
  }

  /**
   * Takes the entries of a service.
   * @param changed told the new state where it is another than before
   */
  take(
    service: string,
    entries: readonly unknown[],
    changed: (state: ServiceState | undefined) => void,
  ): void {
    const places = entries.map((entry) => placeOf(service, entry));
    const ordered = entries
      .map((entry, index) => ({ entry, key: `${places[index]?.node} ${places[index]?.id}` }))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    const state = this.#read(ordered.map(({ entry }) => entry));
    const text = state === undefined ? undefined : JSON.stringify(state);
    const before = this.#services.get(service)?.text;
    this.#services.set(service, { places, text });
    if (text !== before) changed(state);
  }

  /** Forgets the service; whether it was given out. */
  drop(service: string): boolean {
    const known = this.#services.get(service);
    this.#services.delete(service);
    return known?.text !== undefined;
  }

  /** The services that have an instance on one of the nodes. */
  onNodes(nodes: ReadonlySet<string>): readonly string[] {
    const has = ({ places }: Known) => places.some(({ node }) => nodes.has(node));
    return [...this.#services].filter(([, known]) => has(known)).map(([name]) => name);
  }

  /** The services whose registrations on these nodes are others than those known here. */
  differing(nodes: NodeRegistrations): ReadonlySet<string> {
    const touched = new Set<string>();
    const seen = new Set<string>();
    for (const { places } of this.#services.values()) {
      for (const { node, id, service, modified } of places) {
        const current = nodes.get(node);
        if (current === undefined) continue;
        seen.add(JSON.stringify([node, id, service]));
        const registration = current.get(id);
        if (registration?.service !== service || registration.modified !== modified) touched.add(service);
      }
    }
    for (const [node, registrations] of nodes)
      for (const [id, { service }] of registrations)
        if (!seen.has(JSON.stringify([node, id, service]))) touched.add(service);
    return touched;
  }

  #read(entries: readonly unknown[]): ServiceState | undefined {
    const reads = entries.flatMap((entry) => readCatalogInstance(entry, this.rules) ?? []);
    const chosen = this.rules.tags.length > 0 || Object.keys(this.rules.metadata).length > 0;
    if (chosen && reads.length === 0) return undefined;
    const unique = withoutDuplicates(reads.flatMap(({ instance }) => instance ?? []));
    return {
      instances: unique.instances,
      filtered: [...reads.flatMap(({ filtered }) => filtered ?? []), ...unique.filtered],
    };
  }
}

function placeOf(service: string, entry: unknown): Place {
  const node = isObject(entry) && isObject(entry.Node) ? entry.Node.Node : undefined;
  const registration = isObject(entry) && isObject(entry.Service) ? entry.Service : {};
  return {
    node: textOf(node),
    id: textOf(registration.ID),
    service,
    modified: numberOf(registration.ModifyIndex),
  };
}
