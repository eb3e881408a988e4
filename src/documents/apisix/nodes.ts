import type { ServiceState } from '../../discovery/source.js';
import { splitAddress } from '../../model/host.js';
import { type RawInstance, readInstance, withoutDuplicates } from '../../model/read-instance.js';
import { isObject, type JsonObject } from '../json-document.js';
import type { Reasons } from './reasons.js';

const DEFAULT_PORT = 80;
const NODE = new Set(['host', 'port', 'weight', 'priority', 'metadata']);

/** The instances of static `nodes`: `{"host:port": weight}`, or a list of `{host, port, weight}`. */
export function readNodes(nodes: unknown, reasons: Reasons): ServiceState {
  const reads = rawNodes(nodes, reasons).map((node) => readInstance(node, 1));
  const unique = withoutDuplicates(reads.flatMap(({ instance }) => instance ?? []));
  return {
    instances: unique.instances,
    filtered: [...reads.flatMap(({ filtered }) => filtered ?? []), ...unique.filtered],
  };
}

function rawNodes(nodes: unknown, reasons: Reasons): readonly RawInstance[] {
  if (Array.isArray(nodes)) return nodes.filter(isObject).map((node) => rawNode(node, reasons));
  if (!isObject(nodes)) {
    reasons.add('"nodes" is neither an object nor a list');
    return [];
  }
  return Object.entries(nodes).map(([address, weight]) => {
    const { host = address, port = DEFAULT_PORT } = splitAddress(address) ?? {};
    return { host, port, weight };
  });
}

function rawNode(node: JsonObject, reasons: Reasons): RawInstance {
  reasons.onlyKnown(node, NODE, 'nodes: ');
  const { host, port = DEFAULT_PORT, weight, priority = 0, metadata } = node;
  if (priority !== 0) reasons.add('nodes: "priority" is not carried over');
  return { host, port, weight, metadata };
}
