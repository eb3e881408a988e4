import type { ServiceState } from '../../discovery/source.js';
import { splitAddress } from '../../model/host.js';
import { type RawInstance, readInstance, withoutDuplicates } from '../../model/read-instance.js';
import { isObject, type JsonObject } from '../json-document.js';
import type { Reasons } from './reasons.js';

const NODE = new Set(['host', 'port', 'weight', 'priority', 'metadata']);

/**
 * The instances of static `nodes`: `{"host:port": weight}`, or a list of `{host, port, weight}`.
 * @param defaultPort of a node that names none
 */
export function readNodes(nodes: unknown, defaultPort: number, reasons: Reasons): ServiceState {
  const reads = rawNodes(nodes, defaultPort, reasons).map((node) => readInstance(node, 1));
  const unique = withoutDuplicates(reads.flatMap(({ instance }) => instance ?? []));
  return {
    instances: unique.instances,
    filtered: [...reads.flatMap(({ filtered }) => filtered ?? []), ...unique.filtered],
  };
}

function rawNodes(nodes: unknown, defaultPort: number, reasons: Reasons): readonly RawInstance[] {
  if (Array.isArray(nodes)) return nodes.filter(isObject).map((node) => rawNode(node, defaultPort, reasons));
  if (!isObject(nodes)) {
    reasons.add('"nodes" is neither an object nor a list');
    return [];
  }
  return Object.entries(nodes).map(([address, weight]) => {
    const { host = address, port = defaultPort } = splitAddress(address) ?? {};
    return { host, port, weight };
  });
}

function rawNode(node: JsonObject, defaultPort: number, reasons: Reasons): RawInstance {
  reasons.onlyKnown(node, NODE, 'nodes: ');
  const { host, weight, metadata } = node;
  const port = node.port ?? defaultPort;
  const priority = node.priority ?? 0;
  if (priority !== 0) reasons.add('nodes: "priority" is not carried over');
  return { host, port, weight, metadata };
}
