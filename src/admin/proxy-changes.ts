import type { ProxyView } from './proxies.js';

/** How many of each kind are named; of more, their number is told. */
const MOST_NAMED = 20;

/** A proxy in an event. */
interface ProxyName {
  readonly node: string;
  readonly peer: string;
}

interface Some<T> {
  readonly count: number;
  readonly first: readonly T[];
}

export interface ProxyChanges {
  readonly connected: Some<ProxyName>;
  readonly disconnected: Some<ProxyName>;
  /** Refusals that were not there before. */
  readonly refused: Some<
    ProxyName & { readonly type: string; readonly resource: string; readonly message: string }
  >;
  /** How many are in another state with some type than before. */
  readonly moved: number;
  readonly proxies: number;
}

/** What happened to the proxies between two looks; undefined for nothing. */
export function proxyChanges(
  before: readonly ProxyView[],
  now: readonly ProxyView[],
): ProxyChanges | undefined {
  const known = new Map(before.map((proxy) => [keyOf(proxy), proxy]));
  const open = new Set(now.map(keyOf));
  const connected = now.filter((proxy) => !known.has(keyOf(proxy)));
  const disconnected = before.filter((proxy) => !open.has(keyOf(proxy)));
  const refused = now.flatMap((proxy) => {
    const old = new Set(refusalsOf(known.get(keyOf(proxy))).map(({ key }) => key));
    return refusalsOf(proxy)
      .filter(({ key }) => !old.has(key))
      .map(({ key: _, ...refusal }) => ({ ...nameOf(proxy), ...refusal }));
  });
  const moved = now.filter((proxy) => {
    const old = known.get(keyOf(proxy));
    return old !== undefined && stateOf(old) !== stateOf(proxy);
  }).length;
  if (connected.length + disconnected.length + refused.length + moved === 0) return undefined;
  return {
    connected: some(connected.map(nameOf)),
    disconnected: some(disconnected.map(nameOf)),
    refused: some(refused),
    moved,
    proxies: now.length,
  };
}

function refusalsOf(proxy: ProxyView | undefined) {
  return Object.entries(proxy?.types ?? {}).flatMap(([type, { rejected }]) =>
    rejected.map(({ resource, version, message }) => ({
      key: `${type} ${resource} ${version}`,
      ...{ type, resource, message },
    })),
  );
}

function stateOf({ types }: ProxyView): string {
  return JSON.stringify(
    Object.entries(types).map(([type, { status, version_acknowledged, rejected }]) => [
      ...[type, status, version_acknowledged, rejected.length],
    ]),
  );
}

function keyOf({ node, peer, connected_since }: ProxyView): string {
  return `${node.id} ${peer} ${connected_since}`;
}

function nameOf({ node, peer }: ProxyView): ProxyName {
  return { node: node.id, peer };
}

function some<T>(all: readonly T[]): Some<T> {
  return { count: all.length, first: all.slice(0, MOST_NAMED) };
}
