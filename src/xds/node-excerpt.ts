import type { ProxyNode } from './node.js';

/** What is kept of a proxy's metadata, about, bytes. */
const MOST_BYTES = 8 * 1024;
const MOST_KEYS = 100;
/** Of one that a rule matches by. */
const MOST_WANTED_BYTES = 2 * 1024;
/** What a value takes beside its text, about. */
const VALUE_BYTES = 8;

/**
 * What is kept of a node: its metadata up to 8 KiB, those first that rules match by. The rest has been looked at when
 * the proxy connected, and would be kept for nothing.
 * @param wanted the keys that rules match by
 * @returns this very node where all of it is kept
 */
export function excerptOf(node: ProxyNode, wanted: ReadonlySet<string>): ProxyNode {
  const entries = Object.entries(node.metadata);
  const sizes = new Map(entries.map(([key, value]) => [key, sizeOf(key) + sizeOf(value)]));
  let bytes = 0;
  let keys = 0;
  const kept = new Set<string>();
  for (const [key, size] of sizes) if (wanted.has(key) && size <= MOST_WANTED_BYTES) kept.add(key);
  for (const [key, size] of sizes) {
    if (kept.has(key) || keys === MOST_KEYS || bytes + size > MOST_BYTES) continue;
    kept.add(key);
    keys += 1;
    bytes += size;
  }
  if (kept.size === entries.length) return node;
  return { ...node, metadata: Object.fromEntries(entries.filter(([key]) => kept.has(key))) };
}

/** About how many bytes a node takes. */
export function bytesOfNode({
  id,
  cluster,
  metadata,
  locality,
  userAgent,
  userAgentVersion,
}: ProxyNode): number {
  const { region, zone, sub_zone } = locality;
  const texts = [id, cluster, region, zone, sub_zone, userAgent, userAgentVersion];
  return texts.reduce((sum, text) => sum + sizeOf(text), sizeOf(metadata));
}

/** Of a value as it was read, so that it is not nested deeply. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return VALUE_BYTES + value.length;
  if (typeof value !== 'object' || value === null) return VALUE_BYTES;
  return Object.entries(value).reduce((sum, [key, part]) => sum + key.length + sizeOf(part), 2 * VALUE_BYTES);
}
