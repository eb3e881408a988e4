import type { Group } from '../snapshot/cache.js';
import { keyOf, type ResourceVersion } from './accepted.js';
import type { Rejected } from './quarantine.js';

/** When a proxy rejects so much that it is the one that is at fault. */
export interface OwnTroubleOptions {
  /** More than this share of all resources of the group, 0 to 1. */
  readonly share: number;
  /** And at least so many. */
  readonly large: number;
}

/** Why a rejection is the proxy's own trouble: others accept it, it cannot bind the address, it rejects too much. */
export type OwnTroubleReason = 'accepted_by_others' | 'cannot_bind' | 'rejects_too_much';

/** A proxy that is held back alone. The other proxies are served what it rejects. */
export interface HeldBackProxy {
  readonly group: Group;
  readonly node: string;
  readonly reason: OwnTroubleReason;
  readonly typeUrl: string;
  /** Some of what it rejects, by name. */
  readonly names: readonly string[];
  /** What the proxy said. */
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** Proxies of a group that are remembered. */
const MOST_PROXIES = 1_000;
/** Versions of which it is remembered which proxy rejects them, over all proxies. */
const MOST_VERSIONS = 100_000;
const MOST_NAMES = 20;

/** Tracks rejections by single proxies of a group, and the proxies that are held back alone. */
export class OwnTroubles {
  /** By node, the oldest first: the versions that it rejects by name, by type and name. */
  readonly #rejects = new Map<string, Map<string, ResourceVersion>>();
  readonly #heldBack = new Map<string, HeldBackProxy>();
  #size = 0;

  constructor(
    private readonly options: OwnTroubleOptions,
    private readonly now: () => number,
  ) {}

  get heldBack(): readonly HeldBackProxy[] {
    return [...this.#heldBack.values()];
  }

  /** A proxy rejects these by name. */
  rejects(node: string, versions: readonly ResourceVersion[]): void {
    const own = this.#rejects.get(node) ?? new Map<string, ResourceVersion>();
    this.#size -= own.size;
    for (const version of versions) own.set(keyOf(version.typeUrl, version.name), version);
    this.#rejects.delete(node);
    this.#rejects.set(node, own);
    this.#size += own.size;
    for (const [oldest, { size }] of this.#rejects) {
      if (this.#rejects.size <= MOST_PROXIES && (this.#size <= MOST_VERSIONS || oldest === node)) break;
      this.#rejects.delete(oldest);
      this.#size -= size;
    }
  }

  /**
   * Whether a proxy rejects too much for the fault to be elsewhere.
   * @param isWanted whether a version is wanted now
   * @param found how many versions trials have found that it rejects
   * @param all how many resources there are
   */
  tooMuch(
    node: string,
    isWanted: (version: ResourceVersion) => boolean,
    found: number,
    all: number,
  ): boolean {
    const own = [...(this.#rejects.get(node)?.values() ?? [])].filter(isWanted).length;
    const count = Math.max(own, found);
    return count >= this.options.large && count > this.options.share * all;
  }

  /** Whether another proxy rejects this version too. */
  isShared(node: string, { typeUrl, name, version }: ResourceVersion): boolean {
    const key = keyOf(typeUrl, name);
    for (const [other, versions] of this.#rejects)
      if (other !== node && versions.get(key)?.version === version) return true;
    return false;
  }

  /** A proxy is held back alone. @returns whether that is new */
  holdBack(
    { group, node, typeUrl, message }: Rejected,
    reason: OwnTroubleReason,
    versions: readonly ResourceVersion[],
  ): boolean {
    const key = `${typeUrl} ${node}`;
    const before = this.#heldBack.get(key);
    const names = versions.slice(0, MOST_NAMES).map(({ name }) => name);
    const since = before?.since ?? this.now();
    this.#heldBack.set(key, { ...{ group, node, reason, typeUrl, names, message, since } });
    for (const oldest of this.#heldBack.keys()) {
      if (this.#heldBack.size <= MOST_PROXIES) break;
      this.#heldBack.delete(oldest);
    }
    return before?.reason !== reason || before.message !== message;
  }

  /** A proxy accepted a response after its rejection, or disconnected. */
  settled(node: string, typeUrl: string): void {
    this.#heldBack.delete(`${typeUrl} ${node}`);
    const own = this.#rejects.get(node);
    if (own === undefined) return;
    this.#size -= own.size;
    for (const [key, version] of own) if (version.typeUrl === typeUrl) own.delete(key);
    this.#size += own.size;
    if (own.size === 0) this.#rejects.delete(node);
  }
}
